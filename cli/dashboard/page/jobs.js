import { byId, element, head, jobLink, row } from "./elements.js";
import { formatDetails, formatTime } from "./format.js";

const MOST_ROWS = 1000;
/** The server's limit for a list of jobs. */
const MOST_LISTED = 100;
const LOOK_EVERY_MS = 1000;

/** The address's fragment selects what is shown: #job=ID or #state=STATE. */
let shown = "";
let timer;

export function followAddress() {
  byId("find").addEventListener("submit", (event) => {
    event.preventDefault();
    location.hash = `job=${byId("job-id").value}`;
  });
  addEventListener("hashchange", show);
  show();
}

function show() {
  clearTimeout(timer);
  shown = location.hash;
  const address = new URLSearchParams(shown.slice(1));
  const [jobId, state] = [address.get("job"), address.get("state")];
  if (jobId !== null) showTimeline(jobId);
  else if (state !== null) showState(state);
}

const ask = async (path) => {
  const response = await fetch(path);
  if (!response.ok) throw new Error(await response.text());
  return response.json();
};

/** Calls `look` until something else is shown. `look` returns the ms to wait before its next call. */
function keepLooking(look) {
  const address = shown;
  const again = async () => {
    let pauseMs = LOOK_EVERY_MS;
    try {
      pauseMs = await look(() => shown === address);
    } catch (error) {
      byId("jobs-note").textContent = error instanceof TypeError ? "The run's process has ended." : error.message;
      return;
    }
    if (shown === address) timer = setTimeout(again, pauseMs);
  };
  void again();
}

function showState(state) {
  const body = element("tbody");
  byId("jobs").replaceChildren(head("file", "job", "reason"), body);
  keepLooking(async (isShown) => {
    const jobs = await ask(`/jobs?${new URLSearchParams({ state })}`);
    if (!isShown()) return 0;
    const ids = jobs.map(({ id }) => id).join();
    if (body.dataset.ids !== ids) {
      body.dataset.ids = ids;
      body.replaceChildren(...jobs.map(({ id, label, reason }) => row(jobLink(id, label), id, reason ?? "")));
    }
    const bound = jobs.length === MOST_LISTED ? " (only the first are listed)" : "";
    byId("jobs-note").textContent = `${jobs.length} ${jobs.length === 1 ? "job" : "jobs"} ${state}${bound}`;
    return LOOK_EVERY_MS;
  });
}

function showTimeline(jobId) {
  const body = element("tbody");
  byId("job-id").value = jobId;
  byId("jobs").replaceChildren(head("elapsed", "time", "event", "details"), body);
  byId("jobs-note").textContent = "Reading events.jsonl …";
  let from = 0;
  let firstMs;
  keepLooking(async (isShown) => {
    const { events, next, size } = await ask(`/timeline?${new URLSearchParams({ job: jobId, from })}`);
    if (!isShown()) return 0;
    from = next;
    const room = MOST_ROWS - body.rows.length;
    for (const event of events.slice(0, room)) {
      const atMs = Date.parse(event.timestamp);
      firstMs ??= atMs;
      body.append(
        row(
          [`+${((atMs - firstMs) / 1000).toFixed(3)} s`, "number"],
          element("time", { datetime: event.timestamp }, formatTime(event.timestamp)),
          [event.event, "event"],
          [formatDetails(event), "details"],
        ),
      );
    }
    const isRead = next >= size;
    byId("jobs-note").textContent = isRead ? timelineNote(jobId, body.rows.length) : `Read ${share(next, size)} …`;
    return isRead ? LOOK_EVERY_MS : 0;
  });
}

const share = (part, whole) => `${Math.floor((part / whole) * 100)} % of events.jsonl`;

function timelineNote(jobId, count) {
  if (count === 0) return `No events of job ${jobId} so far.`;
  const bound = count === MOST_ROWS ? " (only the first are shown; events.jsonl has all)" : "";
  return `Job ${jobId}: ${count} events${bound}`;
}
