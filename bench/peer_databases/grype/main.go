// Compiles vunnel-like records into a database of grype, by grype's own code: main DIRECTORY STATE...
package main

import (
	"log"
	"os"
	"time"

	"github.com/anchore/grype/grype/db"
	"github.com/anchore/grype/grype/db/provider"
)

func main() {
	var states provider.States
	for _, path := range os.Args[2:] {
		state, err := provider.ReadState(path)
		if err != nil {
			log.Fatal(err)
		}
		states = append(states, *state)
	}
	err := db.Build(db.BuildConfig{
		SchemaVersion: 6, Directory: os.Args[1], States: states, Timestamp: time.Now().UTC(), Hydrate: true,
		SQLiteCacheSizeKiB: 65536,
	})
	if err != nil {
		log.Fatal(err)
	}
}
