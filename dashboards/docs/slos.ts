import baseline from "../../bench/results/slo-baseline.json" with { type: "json" };
