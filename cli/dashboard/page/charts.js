/* global uPlot */
import { byId, element } from "./elements.js";
import { formatBytes, formatCount } from "./format.js";

const HEIGHT = 170;
/** Browsers resolve `light-dark()` for real properties only, not for custom ones. */
const resolved = (name) => () => {
  const probe = byId("charts");
  probe.style.color = `var(${name})`;
  const value = getComputedStyle(probe).color;
  probe.style.color = "";
  return value;
};

/** Axis steps of 1, 2, 4, ... give round numbers in KiB and MiB. */
const BINARY_STEPS = Array.from({ length: 50 }, (_, power) => 2 ** power);

function createChart(caption, format, yAxis = {}) {
  const figure = element("figure", {}, element("figcaption", {}, caption));
  byId("charts").append(figure);
  const axis = { stroke: resolved("--faint"), grid: { stroke: resolved("--line"), width: 1 }, ticks: { show: false } };
  const width = () => figure.clientWidth;
  const chart = new uPlot(
    {
      width: width(),
      height: HEIGHT,
      scales: { x: { time: false }, y: { range: (_, __, max) => [0, Math.max(max * 1.05, 1)] } },
      axes: [
        { ...axis, size: 30, values: (_, ticks) => ticks.map((tick) => `${formatCount(tick)} s`) },
        { ...axis, ...yAxis, size: 84, values: (_, ticks) => ticks.map(format) },
      ],
      series: [
        { label: "at", value: (_, value) => (value === null ? "–" : `${formatCount(value)} s`) },
        {
          label: "rate",
          stroke: resolved("--link"),
          width: 1.5,
          points: { show: false },
          value: (_, value) => (value === null ? "–" : format(value)),
        },
      ],
    },
    [[], []],
    figure,
  );
  new ResizeObserver(() => {
    if (width() !== chart.width) chart.setSize({ width: width(), height: HEIGHT });
  }).observe(figure);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chart.redraw());
  return chart;
}

/** @returns a function that draws the `points` of a status */
export function createCharts() {
  const bytes = createChart("bytes per second", (value) => `${formatBytes(value)}/s`, { incrs: BINARY_STEPS });
  const jobs = createChart("jobs per second", (value) => `${formatCount(value)}/s`);
  return (points) => {
    const steps = points.slice(1).map((point, index) => ({ from: points[index], to: point }));
    const seconds = steps.map(({ to }) => to.atMs / 1000);
    const rates = (what) => steps.map(({ from, to }) => ((to[what] - from[what]) / (to.atMs - from.atMs)) * 1000);
    bytes.setData([seconds, rates("bytes")]);
    jobs.setData([seconds, rates("jobs")]);
  };
}
