const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];
const COUNT = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const COLUMNS_OF_THEIR_OWN = new Set(["event", "timestamp", "job_id"]);

export const formatCount = (number) => COUNT.format(number);

export function formatBytes(bytes) {
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${COUNT.format(bytes / 1024 ** power)} ${UNITS[power]}`;
}

export function formatDuration(ms) {
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${Math.floor(seconds % 60)} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Rounded down: 99.996 % is not 100 %. */
export function formatShare(share) {
  if (share === undefined) return "–";
  const percent = share * 100;
  return `${Math.abs(percent) >= 1000 ? Math.trunc(percent) : Math.floor(percent * 100 + 1e-6) / 100} %`;
}

const TIME = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
});

/** Local time of day. */
export function formatTime(timestamp) {
  const time = new Date(timestamp);
  return Number.isNaN(time.getTime()) ? "" : TIME.format(time);
}

/** All fields of an event except its name, time and job. */
export const formatDetails = (event) =>
  Object.entries(event)
    .filter(([name]) => !COLUMNS_OF_THEIR_OWN.has(name))
    .map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");
