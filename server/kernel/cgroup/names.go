package cgroup

import (
	"strings"

	"porthole/server/wire"
)

// Counters is the table from each counter of a sample to the kernel's file in
// both versions of cgroups, in the order of wire.Counters. The working set is
// not in it: it is made of two others.
func Counters() []wire.CounterFile {
	v1, v2 := standings(sourcesV1), standings(sourcesV2)
	table := make([]wire.CounterFile, 0, fieldCount)
	for i, named := range fieldNames {
		place, ok := v2[field(i)]
		if !ok {
			continue
		}
		row := wire.CounterFile{Counter: named.name, V2File: place.file, V2Key: place.key, V2Unit: place.unit}
		row.Controller, _, _ = strings.Cut(place.file, ".")
		// The pressure files are v2's on every host, so v1 has no name for them.
		if old, ok := v1[field(i)]; ok && !strings.HasSuffix(old.file, ".pressure") {
			row.V1File, row.V1Key, row.V1Unit = old.file, old.key, old.unit
		}
		table = append(table, row)
	}
	return table
}

// standing is where one counter stands.
type standing struct{ file, key, unit string }

func standings(sources []source) map[field]standing {
	found := map[field]standing{}
	for _, source := range sources {
		for _, figure := range source.figures {
			found[figure.field] = standing{source.names[0], figure.key, figure.unit}
		}
	}
	return found
}
