// A registry that lists referrers itself, in memory: go-containerregistry's, whose own program leaves that off.
package main

import (
	"io"
	"log"
	"net/http"
	"os"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	quiet := registry.Logger(log.New(io.Discard, "", 0))
	log.Fatal(http.ListenAndServe(os.Args[1], registry.New(quiet, registry.WithReferrersSupport(true))))
}
