// Checks Grafana dashboards with the Go code of those who made the formats.
//
//	checker schema FILE...    decodes each dashboard strictly by Grafana's schemas, and validates it
//	checker query             evaluates PromQL with Prometheus' own engine: JSON on stdin, JSON on stdout
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/storage"
)

// Request has the series in the notation of Prometheus' own tests, and the time in seconds after their start.
type Request struct {
	Load    string   `json:"load"`
	Seconds int64    `json:"seconds"`
	Queries []string `json:"queries"`
}

// Answer has the error, or the values of the vector that the query gives.
type Answer struct {
	Values      []float64 `json:"values"`
	Error       string    `json:"error,omitempty"`
	Annotations []string  `json:"annotations"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) > 1 && args[0] == "schema" {
		return checkSchemas(args[1:])
	}
	if len(args) == 1 && args[0] == "query" {
		return answer()
	}
	return fmt.Errorf("usage: checker schema FILE... | checker query")
}

func checkSchemas(paths []string) error {
	plugins.RegisterDefaultPlugins()
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var decoded dashboard.Dashboard
		if err := wrong(decoded.UnmarshalJSONStrict(text)); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if err := wrong(decoded.Validate()); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// wrong makes nil of an empty list, which the SDK returns for what is valid.
func wrong(err error) error {
	var found cog.BuildErrors
	if errors.As(err, &found) && len(found) == 0 {
		return nil
	}
	return err
}

type noTest struct{}

func (noTest) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (noTest) FailNow()                          { panic("failed") }

func answer() error {
	var request Request
	if err := json.NewDecoder(os.Stdin).Decode(&request); err != nil {
		return err
	}
	series := promqltest.LoadedStorage(noTest{}, request.Load)
	defer series.Close()
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 1_000_000, Timeout: time.Minute})
	answers := make([]Answer, 0, len(request.Queries))
	for _, query := range request.Queries {
		answers = append(answers, evaluate(engine, series, query, time.Unix(request.Seconds, 0)))
	}
	return json.NewEncoder(os.Stdout).Encode(answers)
}

func evaluate(engine *promql.Engine, series storage.Queryable, text string, at time.Time) Answer {
	failed := func(err error) Answer {
		return Answer{Values: []float64{}, Error: err.Error(), Annotations: []string{}}
	}
	query, err := engine.NewInstantQuery(context.Background(), series, nil, text, at)
	if err != nil {
		return failed(err)
	}
	defer query.Close()
	result := query.Exec(context.Background())
	if result.Err != nil {
		return failed(result.Err)
	}
	vector, err := result.Vector()
	if err != nil {
		return failed(err)
	}
	values := make([]float64, 0, len(vector))
	for _, sample := range vector {
		if sample.H != nil {
			return failed(fmt.Errorf("the result is a histogram, which Grafana draws as no line"))
		}
		values = append(values, sample.F)
	}
	warnings, infos := result.Warnings.AsStrings(text, 10, 10)
	return Answer{Values: values, Annotations: append(warnings, infos...)}
}
