// Which folder may import which (docs/architecture.md has the table in words).
// test/unit/rules/import-rules.test.ts plants violations.
const ours = "^(core|adapters|lambdas|dashboards|infra|local|cli|package|bench|test)/";
const only = (name, from, allowed) => ({
  name,
  severity: "error",
  from: { path: `^${from}/` },
  to: { path: ours, pathNot: [`^${from}/`, ...allowed.map((folder) => `^${folder}/`)] },
});
/** Where the bundled handlers run in tests and measurements: the only folder of test/ that others may import. */
const EMBEDDED_AWS = "test/embedded-aws";
const AWS_SDK_OR_HTTP = "node_modules/(@aws-sdk|@smithy|undici|got|axios|node-fetch)/";

/** The folders (rooms) of core/, from the lowest layer up: each may import the rooms listed beside it. */
const ROOMS = {
  model: [],
  telemetry: ["model"],
  ports: ["model", "telemetry"],
  document: ["model", "ports"],
  gate: ["model", "ports", "document"],
  origin: ["model", "ports"],
  flow: ["model", "ports", "document", "origin"],
  transfer: ["model", "ports", "origin"],
  worker: ["model", "ports", "document", "gate", "origin", "flow", "transfer"],
  invocation: ["model", "ports", "origin", "transfer", "worker"],
  batches: ["model", "ports", "recovery"],
  recovery: ["model", "telemetry", "ports"],
  stream: ["model", "ports"],
  producer: ["model"],
  lists: ["model", "ports", "batches", "producer"],
};
const roomRules = Object.entries(ROOMS).map(([room, below]) => ({
  name: `core-${room}-imports-downward`,
  severity: "error",
  from: { path: `^core/${room}/` },
  to: { path: "^core/", pathNot: [room, ...below].map((name) => `^core/${name}/`) },
}));

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    only("core-imports-nothing-of-ours", "core", []),
    ...roomRules,
    {
      name: "every-file-of-core-has-a-room",
      severity: "error",
      from: {},
      to: { path: "^core/", pathNot: Object.keys(ROOMS).map((room) => `^core/${room}/`) },
    },
    {
      name: "transfers-are-entered-by-their-interface",
      severity: "error",
      from: { pathNot: "^(core/transfer|test)/" },
      to: { path: "^core/transfer/", pathNot: "/(transfer|transfer-deps|part-buffers|wanted-body)\\.ts$" },
    },
    {
      name: "core-imports-only-pure-packages",
      severity: "error",
      // Of node:net it takes the arithmetic of addresses.
      from: { path: "^core/", pathNot: "^core/model/address\\.ts$" },
      to: {
        pathNot: [
          "^core/",
          "^(node:)?crypto$",
          "node_modules/(zod|structured-headers|set-cookie-parser|content-disposition|robots-parser)/",
        ],
      },
    },
    only("adapters-import-core", "adapters", ["core"]),
    only("lambdas-import-core-and-adapters", "lambdas", ["core", "adapters"]),
    {
      name: "lambdas-never-import-each-other",
      severity: "error",
      from: { path: "^lambdas/([^/]+)/" },
      to: { path: "^lambdas/[^/]+/", pathNot: "^lambdas/$1/" },
    },
    only("local-imports", "local", ["core", "adapters"]),
    only("embedded-aws-imports", EMBEDDED_AWS, ["core", "adapters", "local/shared"]),
    only("cli-imports", "cli", ["core", "adapters", "lambdas", "local", "dashboards/catalogue", "infra/environments"]),
    only("package-imports", "package", ["core", "adapters", "local", "cli", "infra"]),
    only("bench-imports", "bench", ["core", "adapters", "lambdas", "local", "dashboards/catalogue", EMBEDDED_AWS]),
    only("dashboards-import-core", "dashboards", ["core"]),
    {
      // A local run must be able to import the catalogue without loading the CDK.
      name: "catalogue-imports-core-alone",
      severity: "error",
      from: { path: "^dashboards/catalogue/" },
      to: { pathNot: ["^dashboards/catalogue/", "^core/"] },
    },
    {
      // Grafana's SDK is 11 MB. It makes committed files, and is in no bundle and no package.
      name: "grafanas-sdk-makes-dashboards-alone",
      severity: "error",
      from: { pathNot: "^dashboards/grafana/" },
      to: { path: "node_modules/@grafana/" },
    },
    {
      name: "grafana-dashboards-are-only-generated",
      severity: "error",
      from: { pathNot: "^(dashboards/(grafana/|generated\\.ts)|test/)" },
      to: { path: "^dashboards/grafana/" },
    },
    {
      name: "infra-imports",
      severity: "error",
      from: { path: "^infra/" },
      to: {
        path: ours,
        pathNot: ["^infra/", "^dashboards/", "^core/"],
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "infra-takes-only-env-types-from-lambdas",
      severity: "error",
      from: { path: "^infra/" },
      to: { path: "^lambdas/", pathNot: "^lambdas/[^/]+/env\\.ts$" },
    },
    {
      name: "nobody-imports-test",
      severity: "error",
      from: { pathNot: "^(test|bench)/" },
      to: { path: "^test/" },
    },
    {
      name: "aws-sdk-and-http-clients-live-in-adapters",
      severity: "error",
      from: { path: "^(core|lambdas|dashboards|infra)/" },
      to: { path: AWS_SDK_OR_HTTP },
    },
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "no-cycles-between-folders",
      severity: "error",
      scope: "folder",
      from: { pathNot: "^test/(?!embedded-aws)" },
      to: { circular: true },
    },
    {
      name: "no-unresolvable",
      severity: "error",
      from: {},
      // `aws-lambda` has types only (@types/aws-lambda). The package's launcher imports what lies beside it in dist/.
      to: { couldNotResolve: true, pathNot: "^(aws-lambda|\\./main\\.js)$" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    // Examples import the package by its name: there must be a built one.
    exclude: { path: "^(node_modules|cdk\\.out|dist|coverage|downloads|examples)" },
    parser: "swc",
    detectProcessBuiltinModuleCalls: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      extensions: [".ts", ".js", ".mjs", ".json"],
      conditionNames: ["import", "require", "node", "default"],
    },
  },
};
