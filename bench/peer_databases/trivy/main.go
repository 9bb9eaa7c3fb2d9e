// Compiles OSV records into a database of trivy, by trivy-db's own code: main RECORDS DATABASE.
// RECORDS/osv holds a JSON file for each record about PyPI, npm, Go or Maven; RECORDS/debian.json what Debian says.
package main

import (
	"encoding/json"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/aquasecurity/trivy-db/pkg/db"
	"github.com/aquasecurity/trivy-db/pkg/types"
	"github.com/aquasecurity/trivy-db/pkg/vulndb"
	"github.com/aquasecurity/trivy-db/pkg/vulnsrc"
	"github.com/aquasecurity/trivy-db/pkg/vulnsrc/osv"
	"github.com/aquasecurity/trivy-db/pkg/vulnsrc/vulnerability"
	bolt "go.etcd.io/bbolt"
)

type told struct{ ID, Package, Release, Fixed string }

type debian struct{}

func (debian) Name() types.SourceID { return vulnerability.Debian }

func (debian) Update(root string) error {
	content, err := os.ReadFile(filepath.Join(root, "debian.json"))
	if err != nil {
		return err
	}
	var all []told
	if err = json.Unmarshal(content, &all); err != nil {
		return err
	}
	kept := db.Config{}
	source := types.DataSource{ID: vulnerability.Debian, Name: "Debian Security Tracker"}
	return kept.BatchUpdate(func(tx *bolt.Tx) error {
		for _, one := range all {
			platform := "debian " + one.Release
			advisory := types.Advisory{FixedVersion: one.Fixed}
			if err := kept.PutAdvisoryDetail(tx, one.ID, one.Package, []string{platform}, &advisory); err != nil {
				return err
			}
			if err := kept.PutVulnerabilityDetail(tx, one.ID, source.ID, types.VulnerabilityDetail{Title: one.ID}); err != nil {
				return err
			}
			if err := kept.PutVulnerabilityID(tx, one.ID); err != nil {
				return err
			}
			if err := kept.PutDataSource(tx, platform, source); err != nil {
				return err
			}
		}
		return nil
	})
}

func main() {
	sources := map[types.Ecosystem]types.DataSource{}
	for _, one := range []types.Ecosystem{vulnerability.Pip, vulnerability.Npm, vulnerability.Go, vulnerability.Maven} {
		sources[one] = types.DataSource{ID: vulnerability.GHSA, Name: "records at hand"}
	}
	language := osv.New("osv", vulnerability.GHSA, sources, nil)
	if err := db.Init(os.Args[2]); err != nil {
		log.Fatal(err)
	}
	all := map[types.SourceID]vulnsrc.VulnSrc{"ghsa": language, "debian": debian{}}
	made := vulndb.New(os.Args[1], os.Args[2], 1000*time.Hour, vulndb.WithVulnSrcs(all))
	if err := made.Build([]string{string(vulnerability.GHSA), string(vulnerability.Debian)}); err != nil {
		log.Fatal(err)
	}
}
