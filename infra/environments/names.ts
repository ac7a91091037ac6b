const NAME = /^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

/**
 * `PapersOfMay` as `papers-of-may`: a name that metrics, alarms and an event bus accept.
 * @throws RangeError if none can be made of it.
 */
export function nameOf(given: string): string {
  const name = given.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, "-").toLowerCase();
  if (NAME.test(name)) return name;
  throw new RangeError(
    `"${given}" cannot be the name of a deployment. ` +
      "Write 1 to 40 lower-case letters, digits and hyphens, a letter first and no hyphen at the end.",
  );
}
