// Judges files of Kubernetes by the code of Kubernetes, Tekton and kustomize:
//
//	pods-judge kustomize FOLDER          prints the resources of a kustomization
//	pods-judge tekton FILE               fails if Tekton would reject the Task
//	pods-judge restricted < LINES        fails for each pod, as a line of JSON, that violates the standard «restricted»
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	pipeline "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "kustomize":
		return kustomize(args[1])
	case len(args) == 2 && args[0] == "tekton":
		return tekton(args[1])
	case len(args) == 1 && args[0] == "restricted":
		return restricted(os.Stdin)
	}
	return errors.New("usage: pods-judge kustomize FOLDER | tekton FILE | restricted")
}

func kustomize(folder string) error {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return err
	}
	text, err := resources.AsYaml()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(text)
	return err
}

func tekton(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var task pipeline.Task
	if err := yaml.UnmarshalStrict(text, &task); err != nil {
		return err
	}
	task.SetDefaults(context.Background())
	if err := task.Validate(context.Background()); err != nil {
		return err
	}
	return nil
}

func restricted(lines io.Reader) error {
	checks, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		return err
	}
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	scanner := bufio.NewScanner(lines)
	scanner.Buffer(nil, 1<<24)
	var problems []error
	for scanner.Scan() {
		var pod corev1.PodSpec
		decoder := json.NewDecoder(bytes.NewReader(scanner.Bytes()))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&pod); err != nil {
			return err
		}
		result := policy.AggregateCheckResults(checks.EvaluatePod(level, &metav1.ObjectMeta{}, &pod))
		if !result.Allowed {
			problems = append(problems, fmt.Errorf("not restricted: %s", result.ForbiddenDetail()))
		}
	}
	return errors.Join(append(problems, scanner.Err())...)
}
