// Says which type Kubernetes gives to expressions: JSON texts on standard input, one a line, and a JSON object for each.
package main

import (
	"bufio"
	"encoding/json"
	"os"

	"github.com/google/cel-go/cel"
	"k8s.io/apimachinery/pkg/util/version"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	apicel "k8s.io/apiserver/pkg/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

func main() {
	req := plugincel.BuildRequestType()
	ns := plugincel.BuildNamespaceType()
	base := environment.MustBaseEnvSet(version.MajorMinor(1, 36))
	set, err := base.Extend(environment.VersionedOptions{
		IntroducedVersion: version.MajorMinor(1, 0),
		EnvOptions: []cel.EnvOption{
			cel.Variable("object", cel.DynType),
			cel.Variable("oldObject", cel.DynType),
			cel.Variable("params", cel.DynType),
			cel.Variable("request", req.CelType()),
			cel.Variable("namespaceObject", ns.CelType()),
		},
		DeclTypes: []*apicel.DeclType{req, ns},
	})
	if err != nil {
		panic(err)
	}
	env := set.StoredExpressionsEnv()
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<24)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		var text string
		if json.Unmarshal(in.Bytes(), &text) != nil {
			continue
		}
		ast, issues := env.Compile(text)
		row := map[string]string{}
		if issues != nil && issues.Err() != nil {
			row["error"] = issues.Err().Error()
		} else {
			row["type"] = ast.OutputType().String()
		}
		out.Encode(row)
	}
}
