// Audit events that an API server's own code makes of requests and sends by its own backends: the log file, or the webhook
// with the batches, the size limit and the retries that the server has. There is no server, and no object is kept.
//
//	audit-sender log FILE COUNT
//	audit-sender webhook KUBECONFIG COUNT [PAUSE]
package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/uuid"
	auditinternal "k8s.io/apiserver/pkg/apis/audit"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"
	"k8s.io/apiserver/pkg/audit"
	"k8s.io/apiserver/pkg/audit/policy"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/util/webhook"
	"k8s.io/apiserver/plugin/pkg/audit/buffered"
	logbackend "k8s.io/apiserver/plugin/pkg/audit/log"
	"k8s.io/apiserver/plugin/pkg/audit/truncate"
	webhookbackend "k8s.io/apiserver/plugin/pkg/audit/webhook"
)

const rules = `
apiVersion: audit.k8s.io/v1
kind: Policy
rules:
- level: Metadata
  verbs: ["get"]
- level: RequestResponse
`

var (
	scheme  = runtime.NewScheme()
	codecs  = serializer.NewCodecFactory(scheme)
	secrets = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	size    = truncate.Config{MaxEventSize: 100 << 10, MaxBatchSize: 10 << 20}
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 3 {
		return fmt.Errorf("usage: audit-sender log FILE COUNT | webhook KUBECONFIG COUNT [PAUSE]")
	}
	count, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	pause := time.Duration(0)
	if len(args) > 3 {
		if pause, err = time.ParseDuration(args[3]); err != nil {
			return err
		}
	}
	backend, err := backendOf(args[0], args[1])
	if err != nil {
		return err
	}
	if err := corev1.AddToScheme(scheme); err != nil {
		return err
	}
	stop := make(chan struct{})
	if err := backend.Run(stop); err != nil {
		return err
	}
	if err := send(backend, count, pause); err != nil {
		return err
	}
	close(stop)
	backend.Shutdown()
	return nil
}

// backendOf is what the server makes of --audit-log-path and --audit-webhook-config-file; only the times are shorter.
func backendOf(kind, path string) (audit.Backend, error) {
	version := auditv1.SchemeGroupVersion
	if kind == "log" {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, err
		}
		return logbackend.NewBackend(file, logbackend.FormatJson, version), nil
	}
	retry := webhook.DefaultRetryBackoffWithInitialDelay(500 * time.Millisecond)
	retry.Steps = 12
	hook, err := webhookbackend.NewBackend(path, version, retry, nil)
	if err != nil {
		return nil, err
	}
	batches := buffered.BatchConfig{BufferSize: 10000, MaxBatchSize: 40, MaxBatchWait: 200 * time.Millisecond, AsyncDelegate: true}
	return truncate.NewBackend(buffered.NewBackend(hook, batches), size, version), nil
}

// send tells of requests by turns: to make a secret, to read it, and to take it away by somebody who acts for another.
func send(backend audit.Backend, count int, pause time.Duration) error {
	asked, err := policy.LoadPolicyFromBytes([]byte(rules))
	if err != nil {
		return err
	}
	evaluator := policy.NewPolicyRuleEvaluator(asked)
	for number := range count {
		if err := tell(backend, evaluator, number); err != nil {
			return err
		}
		time.Sleep(pause)
	}
	return nil
}

// tell takes one request through the stages that the filter of the server takes it through.
func tell(backend audit.Backend, evaluator audit.PolicyRuleEvaluator, number int) error {
	name := fmt.Sprintf("secret-%d", number)
	verb := []string{"create", "get", "delete"}[number%3]
	method := map[string]string{"create": http.MethodPost, "get": http.MethodGet, "delete": http.MethodDelete}[verb]
	path := "/api/v1/namespaces/shop/secrets"
	if verb != "create" {
		path += "/" + name
	}
	asking := httptest.NewRequest(method, path, nil)
	asking.Header.Set("User-Agent", "kubectl/v1.36.2 (linux/amd64)")
	asking.Header.Set("X-Forwarded-For", "10.1.2.3")
	attributes := authorizer.AttributesRecord{
		User: &user.DefaultInfo{Name: "ana", UID: "u-1", Groups: []string{"dev", "system:authenticated"},
			Extra: map[string][]string{"authentication.kubernetes.io/credential-id": {"X509SHA256=00"}}},
		Verb: verb, Namespace: "shop", APIVersion: "v1", Resource: "secrets", Path: path, ResourceRequest: true,
	}
	if verb != "create" {
		attributes.Name = name
	}
	ctx := audit.WithAuditContext(asking.Context())
	audit.WithAuditID(ctx, uuid.NewUUID())
	event := audit.AuditContextFrom(ctx)
	if err := event.Init(evaluator.EvaluatePolicyRule(attributes), backend); err != nil {
		return err
	}
	audit.LogRequestMetadata(ctx, asking, time.Now(), attributes)
	event.ProcessEventStage(ctx, auditinternal.StageRequestReceived)
	event.SetEventResponseStatusCode(answer(ctx, verb, name))
	event.ProcessEventStage(ctx, auditinternal.StageResponseComplete)
	return nil
}

// answer tells of the objects of a request and its answer, and gives the status of that.
func answer(ctx context.Context, verb, name string) int32 {
	version := corev1.SchemeGroupVersion
	switch verb {
	case "create":
		secret := &corev1.Secret{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "shop", UID: "0-1-2"},
			Data:       map[string][]byte{"password": []byte("surely not this")},
		}
		if strings.HasSuffix(name, "0") { // more than an event may have: its objects are left out
			secret.Data["large"] = make([]byte, 200<<10)
		}
		audit.LogRequestObject(ctx, secret, version, secrets, "", codecs)
		audit.LogResponseObject(ctx, secret, version, codecs)
		return http.StatusCreated
	case "delete":
		audit.LogImpersonatedUser(ctx, &user.DefaultInfo{Name: "system:serviceaccount:shop:robot"}, "")
		audit.LogResponseObject(ctx, &metav1.Status{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure,
			Reason: metav1.StatusReasonForbidden, Message: "no", Code: http.StatusForbidden,
		}, version, codecs)
		audit.AddAuditAnnotation(ctx, "authorization.k8s.io/decision", "forbid")
		return http.StatusForbidden
	default:
		return http.StatusOK
	}
}
