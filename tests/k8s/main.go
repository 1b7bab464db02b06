// Reads rendered manifests from standard input, decodes each object strictly into Kubernetes' own types (an unknown or
// misspelt field, or a value of the wrong type, is an error), and checks what the types cannot say: that references
// resolve, that containers are confined, that the grace period leaves time to drain. Prints one line per problem.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

type workload struct {
	name     string
	selector *metav1.LabelSelector
	pod      corev1.PodTemplateSpec
	claims   []corev1.PersistentVolumeClaim
}

type manifests struct {
	configMaps map[string]corev1.ConfigMap
	secrets    map[string]corev1.Secret
	accounts   map[string]bool
	selectors  map[string]*metav1.LabelSelector // of policies and budgets
	workloads  []workload
	problems   []string
}

func (m *manifests) problem(format string, args ...any) {
	m.problems = append(m.problems, fmt.Sprintf(format, args...))
}

func (m *manifests) decode(document []byte) {
	var kind metav1.TypeMeta
	if err := yaml.Unmarshal(document, &kind); err != nil {
		m.problem("not YAML: %v", err)
		return
	}
	asJSON, err := yaml.YAMLToJSONStrict(document) // refuses a key that stands twice
	if err != nil {
		m.problem("%s %s: %v", kind.APIVersion, kind.Kind, err)
		return
	}
	// As the API server decodes with fieldValidation=Strict: names count with their case.
	strict := func(into any) {
		unknown, err := json.UnmarshalStrict(asJSON, into)
		for _, each := range append(unknown, err) {
			if each != nil {
				m.problem("%s %s: %v", kind.APIVersion, kind.Kind, each)
			}
		}
	}
	switch kind.APIVersion + " " + kind.Kind {
	case "v1 ConfigMap":
		var object corev1.ConfigMap
		strict(&object)
		m.configMaps[object.Name] = object
	case "v1 Secret":
		var object corev1.Secret
		strict(&object)
		m.secrets[object.Name] = object
	case "v1 ServiceAccount":
		var object corev1.ServiceAccount
		strict(&object)
		m.accounts[object.Name] = true
	case "apps/v1 Deployment":
		var object appsv1.Deployment
		strict(&object)
		m.workloads = append(m.workloads, workload{object.Name, object.Spec.Selector, object.Spec.Template, nil})
	case "apps/v1 StatefulSet":
		var object appsv1.StatefulSet
		strict(&object)
		m.workloads = append(m.workloads,
			workload{object.Name, object.Spec.Selector, object.Spec.Template, object.Spec.VolumeClaimTemplates})
	case "networking.k8s.io/v1 NetworkPolicy":
		var object networkingv1.NetworkPolicy
		strict(&object)
		m.selectors["NetworkPolicy "+object.Name] = &object.Spec.PodSelector
	case "policy/v1 PodDisruptionBudget":
		var object policyv1.PodDisruptionBudget
		strict(&object)
		m.selectors["PodDisruptionBudget "+object.Name] = object.Spec.Selector
	default:
		m.problem("%s %s: a kind this check does not know; add it", kind.APIVersion, kind.Kind)
	}
}

func selects(selector *metav1.LabelSelector, pod corev1.PodTemplateSpec) bool {
	compiled, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && !compiled.Empty() && compiled.Matches(labels.Set(pod.Labels))
}

// The names of the volumes; what they refer to must be there.
func (m *manifests) volumes(w workload) map[string]bool {
	found := map[string]bool{}
	for _, claim := range w.claims {
		found[claim.Name] = true
	}
	for _, volume := range w.pod.Spec.Volumes {
		found[volume.Name] = true
		if volume.ConfigMap != nil {
			if _, ok := m.configMaps[volume.ConfigMap.Name]; !ok {
				m.problem("%s: volume %s: no ConfigMap %s", w.name, volume.Name, volume.ConfigMap.Name)
			}
		}
		if volume.Secret != nil {
			if _, ok := m.secrets[volume.Secret.SecretName]; !ok {
				m.problem("%s: volume %s: no Secret %s", w.name, volume.Name, volume.Secret.SecretName)
			}
		}
	}
	return found
}

func (m *manifests) checkContainer(w workload, c corev1.Container, volumes map[string]bool) {
	at := w.name + "/" + c.Name
	for _, mount := range c.VolumeMounts {
		if !volumes[mount.Name] {
			m.problem("%s: mounts %s, which is no volume", at, mount.Name)
		}
	}
	ports := map[string]bool{}
	for _, port := range c.Ports {
		ports[port.Name] = true
	}
	for _, probe := range []*corev1.Probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
		if probe != nil && probe.HTTPGet != nil && !ports[probe.HTTPGet.Port.StrVal] {
			m.problem("%s: a probe asks port %s, which the container does not name", at, probe.HTTPGet.Port.String())
		}
	}
	security := c.SecurityContext
	yes := func(value *bool) bool { return value != nil && *value }
	if security == nil || security.AllowPrivilegeEscalation == nil || *security.AllowPrivilegeEscalation ||
		!yes(security.ReadOnlyRootFilesystem) || security.Capabilities == nil ||
		len(security.Capabilities.Drop) != 1 || security.Capabilities.Drop[0] != "ALL" {
		m.problem("%s: not confined: no escalation, read-only root, no capabilities", at)
	}
	if c.Resources.Limits.Memory().IsZero() || c.Resources.Requests.Cpu().IsZero() {
		m.problem("%s: no memory limit or CPU request", at)
	}
}

var drain = regexp.MustCompile(`(?m)^drain_timeout: (\S+)`)

func (m *manifests) checkMillrace(w workload, c corev1.Container) {
	if c.StartupProbe == nil || c.LivenessProbe == nil || c.ReadinessProbe == nil {
		m.problem("%s/%s: a probe is missing", w.name, c.Name)
	}
	for name, config := range m.configMaps {
		match := drain.FindStringSubmatch(config.Data["millrace.yaml"])
		if match == nil {
			continue
		}
		timeout, err := time.ParseDuration(match[1])
		grace := w.pod.Spec.TerminationGracePeriodSeconds
		if err != nil || grace == nil || time.Duration(*grace)*time.Second < timeout+5*time.Second {
			m.problem("%s: terminationGracePeriodSeconds leaves no time for drain_timeout %s of %s", w.name, match[1], name)
		}
		return
	}
	m.problem("%s: no ConfigMap with a millrace.yaml that sets drain_timeout", w.name)
}

func (m *manifests) checkWorkload(w workload) bool {
	spec := w.pod.Spec
	if !selects(w.selector, w.pod) {
		m.problem("%s: the selector does not match the pod's labels", w.name)
	}
	if spec.SecurityContext == nil || spec.SecurityContext.RunAsNonRoot == nil || !*spec.SecurityContext.RunAsNonRoot ||
		spec.SecurityContext.SeccompProfile == nil {
		m.problem("%s: the pod may run as root or without seccomp", w.name)
	}
	if !m.accounts[spec.ServiceAccountName] {
		m.problem("%s: no ServiceAccount %q", w.name, spec.ServiceAccountName)
	}
	volumes := m.volumes(w)
	runs := false
	for _, c := range append(append([]corev1.Container{}, spec.InitContainers...), spec.Containers...) {
		m.checkContainer(w, c, volumes)
		if c.Name == "millrace" {
			runs = true
			m.checkMillrace(w, c)
		}
	}
	for _, c := range spec.InitContainers {
		if c.Name == "millrace" && (c.RestartPolicy == nil || *c.RestartPolicy != corev1.ContainerRestartPolicyAlways) {
			m.problem("%s: millrace is an init container, but no native sidecar", w.name)
		}
	}
	return runs
}

func main() {
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	m := manifests{configMaps: map[string]corev1.ConfigMap{}, secrets: map[string]corev1.Secret{},
		accounts: map[string]bool{}, selectors: map[string]*metav1.LabelSelector{}}
	count := 0
	for _, document := range bytes.Split(input, []byte("\n---\n")) {
		if strings.TrimSpace(string(document)) != "" {
			m.decode(document)
			count++
		}
	}
	runs := false
	for _, w := range m.workloads {
		runs = m.checkWorkload(w) || runs
	}
	if !runs {
		m.problem("no workload runs a container millrace")
	}
	for name, selector := range m.selectors {
		found := false
		for _, w := range m.workloads {
			found = found || selects(selector, w.pod)
		}
		if !found {
			m.problem("%s selects no pod", name)
		}
	}
	for _, line := range m.problems {
		fmt.Println(line)
	}
	fmt.Printf("%d objects, %d problems\n", count, len(m.problems))
	if len(m.problems) > 0 {
		os.Exit(1)
	}
}
