package kusion

import (
	"errors"
	"testing"
)

func curious(needs bool) *Module[Nothing, Nothing] {
	return &Module[Nothing, Nothing]{
		Name:                  "curious",
		NeedsWorkloadResource: needs,
		Generate: func(request *Request[Nothing, Nothing]) (*Output, error) {
			if found := request.WorkloadResource(); found != nil {
				return nil, errors.New(found.Kind + " " + found.ID)
			}
			return NewOutput(), nil
		},
	}
}

func TestWhoNeedsToKnowWhatRunsTheAppAsksForIt(t *testing.T) {
	for needs, expected := range map[bool]string{true: `{"requests":["workloadResource"]}`, false: "{}"} {
		if found := text(curious(needs).describe().extensions); found != expected {
			t.Error(found)
		}
	}
}

func TestWhatRunsTheAppIsToldWhereThereIsAWorkload(t *testing.T) {
	workload := map[string]any{}
	job := Call{Workload: workload, WorkloadAPIVersion: "batch/v1", WorkloadKind: "Job"}
	for _, it := range []struct {
		needs    bool
		call     Call
		expected string
	}{
		{true, Call{}, ""},
		{false, Call{Workload: workload}, ""},
		{true, Call{Workload: workload}, "Deployment apps/v1:Deployment:shop:shop-dev-web"},
		{true, job, "Job batch/v1:Job:shop:shop-dev-web"},
	} {
		_, err := Generate(curious(it.needs), it.call)
		var rejection *Rejection
		if errors.As(err, &rejection) != (it.expected != "") || rejection != nil && rejection.Text != it.expected {
			t.Error(it, err)
		}
	}
}

func TestVolumesTravelAsAPatchOfTheirOwnKind(t *testing.T) {
	patch := VolumesPatch([]map[string]any{{"name": "scratch"}}, nil)
	expected := map[string]any{"volumes": []any{map[string]any{"name": "scratch"}}, "mounts": []any{}}
	if patch.kind != patchOther || patch.id != "volumes" || text(patch.document) != text(expected) {
		t.Error(patch)
	}
}
