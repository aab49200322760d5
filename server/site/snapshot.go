package site

import (
	"encoding/json"
	"fmt"
	"time"

	"porthole/server/wire"
)

// snapshot is the newest of the stream as a table, for readers without
// scripts.
type snapshot struct {
	At   string
	Host wire.TopologyHost
	Rows []snapshotRow
}

type snapshotRow struct {
	wire.Container
	Counters wire.Counters
}

// snapshot decodes what the stream has sent last; nil before there is
// anything. Of containers that Porthole did not start it has those of which
// others says so, by their names.
func (s *Site) snapshot(others func(name string) bool) *snapshot {
	data, ok := s.Hub.Latest(wire.TypeTopology)
	if !ok {
		return nil
	}
	var topology wire.Topology
	if err := json.Unmarshal(data, &topology); err != nil {
		s.Log.Error("the topology cannot be read back", "error", err)
		return nil
	}
	var sample wire.Sample
	if data, ok := s.Hub.Latest(wire.TypeSample); ok {
		if err := json.Unmarshal(data, &sample); err != nil {
			s.Log.Error("the sample cannot be read back", "error", err)
		}
	}
	at := time.UnixMilli(max(topology.At, sample.At)).UTC()
	shot := &snapshot{At: at.Format("15:04:05 UTC"), Host: topology.Host}
	for _, container := range topology.Containers {
		if container.Foreign && !others(container.Name) {
			continue
		}
		shot.Rows = append(shot.Rows, snapshotRow{Container: container, Counters: sample.Containers[container.Name]})
	}
	return shot
}

// The containers of others that a page can have.
func all(string) bool  { return true }
func none(string) bool { return false }

// countWords shows a counter, or a dash where the host does not have it.
func countWords(c wire.Count, divisor uint64, unit string) string {
	value, ok := c.Get()
	if !ok {
		return "–"
	}
	if divisor <= 1 {
		return fmt.Sprint(value, unit)
	}
	return fmt.Sprintf("%.1f%s", float64(value)/float64(divisor), unit)
}
