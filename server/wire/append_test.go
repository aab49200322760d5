package wire

import (
	"encoding/json"
	"reflect"
	"testing"
)

// Each field alone, all of them, and none: a field that is forgotten in
// AppendJSON, or named otherwise there, is found.
func TestAppendJSONIsWhatTheEncoderMakes(t *testing.T) {
	var every Counters
	all := []Counters{{}}
	for i := range reflect.TypeFor[Counters]().NumField() {
		var one Counters
		count := Counted(uint64(i) << 58)
		reflect.ValueOf(&one).Elem().Field(i).Set(reflect.ValueOf(count))
		reflect.ValueOf(&every).Elem().Field(i).Set(reflect.ValueOf(count))
		all = append(all, one)
	}
	for _, counters := range append(all, every) {
		want, err := json.Marshal(counters)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(counters.AppendJSON(nil)); got != string(want) {
			t.Errorf("AppendJSON makes %s\nthe encoder makes %s", got, want)
		}
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	counters := Counters{CPUUsageUsec: Counted(123456789), MemoryCurrentBytes: Counted(1 << 26), PidsCurrent: Counted(1)}
	var to []byte
	b.ReportAllocs()
	for b.Loop() {
		to = counters.AppendJSON(to[:0])
	}
}
