// Loads a job file as Prow does, and fails for an unknown field or a job that Prow would reject. Prints the pod that Prow makes
// of each job, decorated, as a line of JSON:
//
//	prow-judge FILE [BASE HEAD]      the commits of the pull request, and of the merge
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sirupsen/logrus"
	prowapi "sigs.k8s.io/prow/pkg/apis/prowjobs/v1"
	"sigs.k8s.io/prow/pkg/config"
	"sigs.k8s.io/prow/pkg/pjutil"
	"sigs.k8s.io/prow/pkg/pod-utils/decorate"
)

// The least that decorated jobs need of an installation.
const prowConfig = `
prowjob_namespace: prow
pod_namespace: test-pods
plank:
  default_decoration_config_entries:
  - config:
      timeout: 2h
      grace_period: 15s
      utility_images:
        clonerefs: registry.example/clonerefs:v1
        initupload: registry.example/initupload:v1
        entrypoint: registry.example/entrypoint:v1
        sidecar: registry.example/sidecar:v1
      gcs_configuration:
        bucket: logs
        path_strategy: explicit
      gcs_credentials_secret: gcs
`

func main() {
	logrus.SetLevel(logrus.ErrorLevel)
	args := append(os.Args[1:], "base", "head")
	if err := run(args[0], args[1], args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(jobs, base, head string) error {
	folder, err := os.MkdirTemp("", "prow")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "config.yaml")
	if err := os.WriteFile(file, []byte(prowConfig), 0o600); err != nil {
		return err
	}
	loaded, err := config.LoadStrict(file, jobs, nil, "")
	if err != nil {
		return err
	}
	refs := prowapi.Refs{Org: "acme", Repo: "images", BaseRef: "main", BaseSHA: base}
	for _, job := range loaded.PresubmitsStatic["acme/images"] {
		pull := refs
		pull.Pulls = []prowapi.Pull{{Number: 1, SHA: head}}
		if err := show(pjutil.PresubmitSpec(job, pull)); err != nil {
			return err
		}
	}
	refs.BaseSHA = head
	for _, job := range loaded.PostsubmitsStatic["acme/images"] {
		if err := show(pjutil.PostsubmitSpec(job, refs)); err != nil {
			return err
		}
	}
	for _, job := range loaded.Periodics {
		if err := show(pjutil.PeriodicSpec(job)); err != nil {
			return err
		}
	}
	return nil
}

func show(spec prowapi.ProwJobSpec) error {
	job := pjutil.NewProwJob(spec, nil, nil)
	job.Status.BuildID = "1"
	pod, err := decorate.ProwJobToPod(job)
	if err != nil {
		return fmt.Errorf("%s: %w", spec.Job, err)
	}
	return json.NewEncoder(os.Stdout).Encode(pod)
}
