package stream

import (
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
	} {
		got, err := decodeRecord(encodeRecord(e))
		if err != nil || !reflect.DeepEqual(got, e) {
			t.Errorf("decodeRecord = %+v, %v, want %+v", got, err, e)
		}
	}
}

func TestRecordOfNewerVersionHasNoKind(t *testing.T) {
	b := encodeRecord(hub.Event{Kind: hub.KindMessage, User: "u", ID: "x"})
	b[0]++
	if got, err := decodeRecord(b); err != nil || !reflect.DeepEqual(got, hub.Event{}) {
		t.Errorf("decodeRecord = %+v, %v, want an empty event", got, err)
	}
}

func TestDamagedRecords(t *testing.T) {
	whole := encodeRecord(hub.Event{Kind: "wink", User: "u", ID: "x"})
	damaged := [][]byte{{0, 1}, {recordVersion, 200}, {recordVersion, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}}
	for n := range whole {
		damaged = append(damaged, whole[:n])
	}
	for _, b := range append(damaged, encodeRecord(hub.Event{User: "no kind"})) {
		if got, err := decodeRecord(b); err == nil {
			t.Errorf("decodeRecord(%v) = %+v, want an error", b, got)
		}
	}
}
