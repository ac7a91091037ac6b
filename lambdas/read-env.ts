import * as z from "zod/mini";

/** Parses text as a whole number of at least `least`. */
export const wholeNumber = (least: 0 | 1) => z.coerce.number().check(z.int(), z.gte(least));

/** @throws TypeError that names every wrong variable and says what is wrong with it. */
export function readEnv<T extends z.ZodMiniType>(
  schema: T,
  environment: Readonly<Record<string, string | undefined>>,
): z.infer<T> {
  const parsed = schema.safeParse(environment);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new TypeError(
    `The function's environment is wrong. Set these variables and deploy again: ${problems.join("; ")}`,
  );
}
