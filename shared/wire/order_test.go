package wire_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"mayfly/shared/wire"
)

func TestDecodeModerate(t *testing.T) {
	ms := func(n int64) *int64 { return &n }
	long := strings.Repeat("é", wire.MaxUserID)
	for _, tt := range []struct {
		name, members string
		want          wire.Moderate
		problem       string // "": Decode takes the frame
	}{
		{"mute", `"act":"mute","user":"u","for_ms":60000`, wire.Moderate{Act: "mute", User: "u", For: ms(60_000)}, ""},
		{"longest mute", `"act":"mute","user":"u","for_ms":2592000000`,
			wire.Moderate{Act: "mute", User: "u", For: ms(2_592_000_000)}, ""},
		{"longest id", `"act":"lift","user":"` + long + `"`, wire.Moderate{Act: "lift", User: long}, ""},
		{"slow off", `"act":"slow","for_ms":0`, wire.Moderate{Act: "slow", For: ms(0)}, ""},
		{"slowest", `"act":"slow","for_ms":3600000`, wire.Moderate{Act: "slow", For: ms(3_600_000)}, ""},
		{"members that the act does not need", `"act":"clear","user":"","for_ms":-1`,
			wire.Moderate{Act: "clear", For: ms(-1)}, ""},
		{"a time that lift does not need", `"act":"lift","user":"u","for_ms":7`,
			wire.Moderate{Act: "lift", User: "u", For: ms(7)}, ""},
		{"a user that slow does not need", `"act":"slow","user":"` + long + `é","for_ms":5`,
			wire.Moderate{Act: "slow", User: long + "é", For: ms(5)}, ""},
		{"no act", `"user":"u"`, wire.Moderate{}, `"act" must be`},
		{"unknown act", `"act":"kick","user":"u"`, wire.Moderate{}, `"act" must be`},
		{"act in the wrong case", `"act":"Mute","user":"u","for_ms":60000`, wire.Moderate{}, `"act" must be`},
		{"mute without a time", `"act":"mute","user":"u"`, wire.Moderate{}, `"for_ms" must be 60000 to 2592000000`},
		{"mute too short", `"act":"mute","user":"u","for_ms":59999`, wire.Moderate{}, `"for_ms" must be 60000`},
		{"ban too long", `"act":"ban","user":"u","for_ms":2592000001`, wire.Moderate{}, `"for_ms" must be 60000`},
		{"ban without a user", `"act":"ban","for_ms":60000`, wire.Moderate{}, `"user" must be an id`},
		{"ban of an empty user", `"act":"ban","user":"","for_ms":60000`, wire.Moderate{}, `"user" must be an id`},
		{"lift without a user", `"act":"lift"`, wire.Moderate{}, `"user" must be an id`},
		{"id too long", `"act":"lift","user":"` + long + `é"`, wire.Moderate{}, `"user" must be an id`},
		{"slow without a time", `"act":"slow"`, wire.Moderate{}, `"for_ms" must be 0 to 3600000`},
		{"too slow", `"act":"slow","for_ms":3600001`, wire.Moderate{}, `"for_ms" must be 0 to 3600000`},
		{"negative", `"act":"slow","for_ms":-1`, wire.Moderate{}, `"for_ms" must be 0 to 3600000`},
		{"ttl without a time", `"act":"ttl"`, wire.Moderate{}, `"for_ms" must be`},
		{"negative ttl", `"act":"ttl","for_ms":-1`, wire.Moderate{}, `"for_ms" must be`},
		{"wrong type of a member that clear does not need", `"act":"clear","for_ms":null`, wire.Moderate{},
			`"for_ms" must be a whole number`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := wire.Decode([]byte(`{"type":"moderate","room":"lobby",` + tt.members + `}`))
			tt.want.Room = "lobby"
			if tt.problem == "" {
				if err != nil || !reflect.DeepEqual(got, tt.want) {
					t.Errorf("Decode(%s) = %+v, %v, want %+v", tt.members, got, err, tt.want)
				}
				return
			}
			var bad *wire.FrameError
			if !errors.As(err, &bad) || bad.Re != "moderate" || bad.Room != "lobby" ||
				!strings.Contains(bad.Problem, tt.problem) {
				t.Errorf("Decode(%s) = %v, %v, want a FrameError with %q", tt.members, got, err, tt.problem)
			}
		})
	}
}

func TestModerateProblemInKnowsTheBoundsOfTheServer(t *testing.T) {
	bounds := wire.TTL{Min: 1000, Default: 300_000, Max: 86_400_000}
	for ms, ok := range map[int64]bool{0: true, 999: false, 1000: true, 86_400_000: true, 86_400_001: false} {
		if problem := (wire.Moderate{Act: wire.ActTTL, For: &ms}).ProblemIn(bounds); (problem == "") != ok {
			t.Errorf("ttl for %d: problem %q", ms, problem)
		}
		if problem := (wire.Moderate{Act: wire.ActSlow, For: &ms}).ProblemIn(bounds); problem != "" {
			t.Errorf("slow for %d: problem %q, although the bounds of ttl do not matter", ms, problem)
		}
	}
	for _, act := range []string{wire.ActClear, wire.ActLift} {
		if problem := (wire.Moderate{Act: act}).ProblemIn(bounds); problem != "" {
			t.Errorf("%s: problem %q", act, problem)
		}
	}
}

func TestSomeUserIsTheUser(t *testing.T) {
	for _, u := range []wire.User{{ID: "g-1", Name: "Ada", Anonymous: true},
		{ID: "u-1", Name: "Ben", Role: wire.RoleModerator}} {
		if got := u.Known().User(); got != u {
			t.Errorf("%+v is %+v as a SomeUser", u, got)
		}
	}
	if got := (wire.SomeUser{ID: "x"}).User(); got != (wire.User{ID: "x"}) {
		t.Errorf("an unknown user is %+v", got)
	}
}
