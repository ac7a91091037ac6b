import { createCharts } from "./charts.js";
import { byId, element, jobLink, row } from "./elements.js";
import { formatBytes, formatCount, formatDetails, formatDuration, formatShare, formatTime } from "./format.js";
import { followAddress } from "./jobs.js";

const LOOK_EVERY_MS = 500;
const LOOK_AGAIN_MS = 3000;
const MOST_EVENTS = 200;

const drawCharts = createCharts();
let lastEvent = 0;
let isPaused = false;

function showTotals({ phase, elapsedMs, jobs, bytes, waits }) {
  byId("phase").textContent = phase;
  byId("totals").textContent =
    `${formatCount(jobs.done)} of ${formatCount(jobs.total)} jobs done, ${formatCount(jobs.failed)} failed, ` +
    `${formatBytes(bytes)}, ${formatDuration(elapsedMs)}`;
  byId("waits").textContent = waits;
}

/** Creates the list items once, so that a focused item keeps the focus. */
function showStates(states) {
  const list = byId("states");
  if (list.children.length !== states.length) list.replaceChildren(...states.map(stateItem));
  for (const [index, { state, count }] of states.entries()) {
    const link = list.children[index].firstElementChild;
    link.firstElementChild.textContent = formatCount(count);
    link.className = count === 0 ? "none" : state.toLowerCase();
    link.setAttribute("aria-current", String(location.hash === link.hash));
  }
}

const stateItem = ({ state }) =>
  element("li", {}, element("a", { href: `#state=${state}` }, element("strong"), element("span", {}, state)));

const VERDICT_MARKS = { met: "✓ ", missed: "✗ " };

function showSlos(slos) {
  byId("slos").replaceChildren(
    ...slos.map(({ slo: { title, summary, objective }, actual, bad, total, budgetLeft, verdict }) =>
      row(
        element("span", { title: summary }, title),
        [`${VERDICT_MARKS[verdict] ?? ""}${verdict}`, `verdict ${verdict}`],
        [formatShare(objective), "number"],
        [formatShare(actual), "number"],
        [formatShare(budgetLeft), "number"],
        [`${formatCount(bad)} / ${formatCount(total)}`, "number"],
      ),
    ),
  );
}

function showEvents(events, eventsSoFar) {
  const body = byId("events");
  for (const { number, label, event } of events) {
    lastEvent = number;
    const { job_id: jobId, timestamp } = event;
    body.prepend(
      row(
        element("time", { datetime: timestamp }, formatTime(timestamp)),
        [event.event, "event"],
        jobId === undefined ? "" : jobLink(jobId, label ?? jobId),
        [formatDetails(event), "details"],
      ),
    );
  }
  while (body.rows.length > MOST_EVENTS) body.deleteRow(-1);
  byId("events-note").textContent =
    `${formatCount(eventsSoFar)} events so far, the latest ${body.rows.length} are shown`;
}

function show(status) {
  showTotals(status);
  showStates(status.states);
  showSlos(status.slos);
  drawCharts(status.points);
  if (!isPaused) showEvents(status.events, status.eventsSoFar);
}

/** @returns undefined if the run's process no longer answers */
const ask = async () =>
  fetch(`/status?after=${lastEvent}`).then(
    async (response) => response.json(),
    () => undefined,
  );

async function look() {
  const status = await ask();
  if (status) show(status);
  else byId("phase").textContent = "the run's process has ended";
  setTimeout(look, status && status.phase !== "over" ? LOOK_EVERY_MS : LOOK_AGAIN_MS);
}

byId("pause").addEventListener("click", () => {
  isPaused = !isPaused;
  byId("pause").setAttribute("aria-pressed", String(isPaused));
  byId("pause").textContent = isPaused ? "Resume" : "Pause";
});
followAddress();
await look();
