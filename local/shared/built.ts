/** Whether this runs as built JavaScript: then all programs and their files lie in one folder, `dist/`. */
export const IS_BUILT = !import.meta.url.endsWith(".ts");
