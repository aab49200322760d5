package reader

import (
	"encoding/binary"
	"errors"
	"reflect"
	"time"

	"porthole/server/sampler"
	"porthole/server/wire"
)

// A sample goes ten times a second for each container, and almost all of it is
// numbers: as JSON it would cost both ends more than the reading. Its payload is
// At, the sampler's cost (ticks, containers, nanoseconds), how many containers,
// and for each its name, a bit for each counter that is there, and those
// counters, all as unsigned varints.

// counterCount is the number of counters; each has a bit.
var counterCount = reflect.TypeFor[wire.Counters]().NumField()

func init() {
	if counterCount > 64 {
		panic("reader: more counters than bits in a word")
	}
}

// counter is the nth field of c; every field is a wire.Count.
func counter(c reflect.Value, n int) *wire.Count {
	return c.Field(n).Addr().Interface().(*wire.Count)
}

// appendSample adds a sample's frame.
func appendSample(to []byte, sample wire.Sample, cost sampler.Cost) []byte {
	start := len(to)
	to = appendHeader(to, kindSample, 0)
	to = binary.AppendUvarint(to, uint64(sample.At))
	to = binary.AppendUvarint(to, cost.Ticks)
	to = binary.AppendUvarint(to, cost.Containers)
	to = binary.AppendUvarint(to, uint64(cost.Spent))
	to = binary.AppendUvarint(to, uint64(len(sample.Containers)))
	var counters wire.Counters
	fields := reflect.ValueOf(&counters).Elem()
	for name, each := range sample.Containers {
		counters = each
		to = binary.AppendUvarint(to, uint64(len(name)))
		to = append(to, name...)
		var there uint64
		for n := range counterCount {
			if !counter(fields, n).IsZero() {
				there |= 1 << n
			}
		}
		to = binary.AppendUvarint(to, there)
		for n := range counterCount {
			if value, present := counter(fields, n).Get(); present {
				to = binary.AppendUvarint(to, value)
			}
		}
	}
	binary.BigEndian.PutUint32(to[start+1:], uint32(len(to)-start-headerSize))
	return to
}

var errSample = errors.New("a sample cannot be decoded: the other end is no reader of this version")

// parseSample is the reverse of appendSample, without its header.
func parseSample(payload []byte) (sample wire.Sample, cost sampler.Cost, err error) {
	whole := true
	next := func() uint64 {
		value, n := binary.Uvarint(payload)
		if n <= 0 {
			whole, payload = false, nil
			return 0
		}
		payload = payload[n:]
		return value
	}
	sample.Type, sample.At = wire.TypeSample, int64(next())
	cost = sampler.Cost{Ticks: next(), Containers: next(), Spent: time.Duration(next())}
	count := next()
	if count > uint64(len(payload)) { // each has a byte at least
		return sample, cost, errSample
	}
	sample.Containers = make(map[string]wire.Counters, count)
	var counters wire.Counters
	fields := reflect.ValueOf(&counters).Elem()
	for range count {
		size := next()
		if !whole || size > uint64(len(payload)) {
			return sample, cost, errSample
		}
		name := string(payload[:size])
		payload = payload[size:]
		there := next()
		if there>>counterCount != 0 {
			return sample, cost, errSample
		}
		counters = wire.Counters{}
		for n := range counterCount {
			if there&(1<<n) != 0 {
				*counter(fields, n) = wire.Counted(next())
			}
		}
		sample.Containers[name] = counters
	}
	if !whole || len(payload) > 0 {
		return sample, cost, errSample
	}
	return sample, cost, nil
}
