package stream

import (
	"encoding/binary"
	"reflect"
	"testing"

	"mayfly/server/hub"
	"mayfly/shared/wire"
)

func TestRecordIsReadAsItWasWritten(t *testing.T) {
	message := hub.NewMessage(wire.Message{ID: "x", User: wire.User{ID: "u", Name: "Ann"}, Text: "lunch?", At: 1, Expires: 2})
	for _, e := range []hub.Event{
		message,
		{Kind: "wink", User: "u", ID: "x", At: -1, Expires: 1 << 60, Body: []byte{0, 1, 2}},
		{Kind: "bare", Body: []byte{}},
		{Kind: hub.KindDecision, User: "u-mod", ID: "K7", At: 1, Expires: hub.Forever,
			Body: []byte(`{"act":"slow","for":5}`)},
		{Kind: hub.KindSweep, User: "u-mod", ID: "sweep 16 14", At: 1, Expires: 2, Body: []byte(`{"clear":16}`)},
		{Kind: "wink", User: "u", ID: "0190a8f0-0000-7000-8000-000000000001", At: 1, Expires: 2, Body: []byte{}},
	} {
		got, err := decodeRecord(encodeRecord(e))
		if err != nil || !reflect.DeepEqual(got, e) {
			t.Errorf("decodeRecord = %+v, %v, want %+v", got, err, e)
		}
	}
}

// TestRecordOfVersion1: the folder of an older version has whole messages. They are read, and then are as compact as new
// ones.
func TestRecordOfVersion1(t *testing.T) {
	m := wire.Message{ID: "x", User: wire.User{ID: "u", Name: "Ann"}, Text: "lunch?", At: 1, Expires: 2}
	whole := hub.Event{Kind: hub.KindMessage, User: "u", ID: "x", At: 1, Expires: 2, Body: wire.EncodeMessage(m)}
	old := encodeVersion1(whole)
	if got, err := decodeRecord(old); err != nil || !reflect.DeepEqual(got, hub.NewMessage(m)) {
		t.Errorf("decodeRecord = %+v, %v, want %+v", got, err, hub.NewMessage(m))
	}
	reaction := hub.Event{Kind: hub.KindReaction, User: "u", ID: "x", At: 1, Expires: 2, Body: []byte(`{"seq":0,"to":1}`)}
	old = encodeVersion1(reaction)
	if got, err := decodeRecord(old); err != nil || !reflect.DeepEqual(got, reaction) {
		t.Errorf("decodeRecord = %+v, %v, want %+v", got, err, reaction)
	}
}

// encodeVersion1 returns e as version 1 stored it.
func encodeVersion1(e hub.Event) []byte {
	b := []byte{1}
	for _, s := range []string{string(e.Kind), e.User, e.ID} {
		b = appendString(b, s)
	}
	b = binary.BigEndian.AppendUint64(b, uint64(e.At))
	return append(binary.BigEndian.AppendUint64(b, uint64(e.Expires)), e.Body...)
}

func TestRecordOfNewerVersionHasNoKind(t *testing.T) {
	b := encodeRecord(hub.Event{Kind: hub.KindMessage, User: "u", ID: "x"})
	b[0]++
	if got, err := decodeRecord(b); err != nil || !reflect.DeepEqual(got, hub.Event{}) {
		t.Errorf("decodeRecord = %+v, %v, want an empty event", got, err)
	}
}

func TestDamagedRecords(t *testing.T) {
	unknownForm := append([]byte{recordVersion, 1, 'k', 1, 'u', 2}, make([]byte, 32)...)
	damaged := [][]byte{{0, 1}, {recordVersion, 200}, unknownForm,
		{recordVersion, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}}
	for _, id := range []string{"x", "0190a8f0-0000-7000-8000-000000000001"} {
		e := hub.Event{Kind: "wink", User: "u", ID: id}
		for _, whole := range [][]byte{encodeRecord(e), encodeVersion1(e)} {
			for n := range whole {
				damaged = append(damaged, whole[:n])
			}
		}
	}
	for _, b := range append(damaged, encodeRecord(hub.Event{User: "no kind"})) {
		if got, err := decodeRecord(b); err == nil {
			t.Errorf("decodeRecord(%v) = %+v, want an error", b, got)
		}
	}
}
