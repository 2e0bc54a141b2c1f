package wire_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"mayfly/shared/wire"
)

// golden returns the frames in testdata, one frame per file. They pin the bytes on the wire.
func golden(t testing.TB) map[string][]byte {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden frames in testdata (%v)", err)
	}
	frames := map[string][]byte{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		frames[strings.TrimSuffix(filepath.Base(file), ".json")] = bytes.TrimSpace(b)
	}
	return frames
}

func TestGoldenFrames(t *testing.T) {
	for name, want := range golden(t) {
		t.Run(name, func(t *testing.T) {
			f, err := wire.Decode(want)
			if err != nil {
				t.Fatalf("Decode: %v", err)
			}
			if kind, _, _ := strings.Cut(name, "_"); wire.Kind(f) != kind {
				t.Errorf("kind = %q, want %q", wire.Kind(f), kind)
			}
			if got := wire.Encode(f); !bytes.Equal(got, want) {
				t.Errorf("Encode =\n%s, want\n%s", got, want)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	deep := strings.Repeat("[", 9000)
	for _, tt := range []struct{ name, frame, re, room, id, problem string }{
		{"nothing", ``, "", "", "", "not JSON"},
		{"garbage", `hello`, "", "", "", "not JSON"},
		{"invalid UTF-8", "{\"type\":\"leave\",\"room\":\"\xff\"}", "", "", "", "not JSON"},
		{"list", `[1]`, "", "", "", "not a JSON object"},
		{"null", `null`, "", "", "", "not a JSON object"},
		{"no type", `{"room":"lobby"}`, "", "lobby", "", "no type"},
		{"type in the wrong case", `{"Type":"leave"}`, "", "", "", "no type"},
		{"type is a number", `{"type":7}`, "", "", "", "no type"},
		{"type twice", `{"type":"leave","type":"leave"}`, "", "", "", `"type" stands there twice`},
		{"type twice, one no string", `{"type":"leave","type":1}`, "", "", "", `"type" stands there twice`},
		{"member twice", `{"type":"leave","room":"a","room":"b"}`, "leave", "b", "", `"room" stands there twice`},
		{"member twice inside", `{"type":"hello","rooms":[{"room":"a","room":"b"}]}`, "hello", "", "", `"room" stands there twice`},
		{"number for a string", `{"type":"post","id":"x","room":"lobby","text":5}`, "post", "lobby", "x", `"text" must be a string`},
		{"null for a string", `{"type":"leave","room":null}`, "leave", "", "", `"room" must be a string`},
		{"string for a number", `{"type":"post","ttl_ms":"5"}`, "post", "", "", `"ttl_ms" must be a whole number`},
		{"fraction", `{"type":"post","ttl_ms":5.0}`, "post", "", "", "without fraction or exponent"},
		{"exponent", `{"type":"post","ttl_ms":5e3}`, "post", "", "", "without fraction or exponent"},
		{"2^53", `{"type":"post","ttl_ms":9007199254740992}`, "post", "", "", "below 2^53"},
		{"-2^53", `{"type":"post","ttl_ms":-9007199254740992}`, "post", "", "", "below 2^53"},
		{"object for a list", `{"type":"hello","rooms":{}}`, "hello", "", "", `"rooms" must be a list`},
		{"string in a list of rooms", `{"type":"hello","rooms":["lobby"]}`, "hello", "", "", "each is an object"},
		{"list for an object", `{"type":"beat","now":1,"heads":[]}`, "beat", "", "", `"heads" must be an object`},
		{"half a cursor", `{"type":"join","room":"lobby","seq":4}`, "join", "lobby", "", "both"},
		{"negative seq in a cursor", `{"type":"join","room":"lobby","epoch":"f","seq":-1}`, "join", "lobby", "",
			`"seq" must be 0 or more`},
		{"negative seq in a hello", `{"type":"hello","rooms":[{"room":"lobby","epoch":"f","seq":-1}]}`, "hello", "", "",
			`"seq" must be 0 or more`},
		{"the other half", `{"type":"join","room":"lobby","epoch":"f"}`, "join", "lobby", "", "both"},
		{"null for a token", `{"type":"hello","token":null}`, "hello", "", "", `"token" must be a string`},
		{"deep", `{"type":"leave","room":` + deep + strings.Repeat("]", 9000) + `}`, "leave", "", "", "must be a string"},
		{"no token to renew with", `{"type":"auth","token":null}`, "auth", "", "", `"token" must be a string`},
		{"number for an ID token", `{"type":"hello","id_token":1}`, "hello", "", "", `"id_token" must be a string`},
		{"session twice", `{"type":"auth","session":"a","session":"b"}`, "auth", "", "", `"session" stands there twice`},
		{"negative seq", `{"type":"remove","room":"lobby","seq":-1}`, "remove", "lobby", "", `"seq" must be 0 or more`},
		{"removal without a seq", `{"type":"remove","room":"lobby"}`, "remove", "lobby", "", `it has no "seq"`},
		{"reaction without a seq", `{"type":"react","room":"a","emoji":"x"}`, "react", "a", "", `it has no "seq"`},
		{"negative seq of a reaction", `{"type":"react","room":"a","seq":-5,"emoji":"x"}`, "react", "a", "",
			`"seq" must be 0 or more`},
		{"answer to a negative seq", `{"type":"post","id":"x","reply_to":-1}`, "post", "", "x",
			`"reply_to" must be 0 or more`},
		{"string for a seq", `{"type":"remove","room":"a","seq":"5"}`, "remove", "a", "", `"seq" must be a whole number`},
		{"21 mentions", `{"type":"post","mentions":["u"` + strings.Repeat(`,"u"`, 20) + `]}`, "post", "", "",
			"at most 20 ids"},
		{"mention without an id", `{"type":"post","mentions":["u",""]}`, "post", "", "", "ids of 1 to 80 characters"},
		{"mention of 81 characters", `{"type":"post","mentions":["` + strings.Repeat("é", 81) + `"]}`, "post", "", "",
			"ids of 1 to 80"},
		{"number for a mention", `{"type":"post","mentions":[1]}`, "post", "", "", "each is a string"},
		{"number for on", `{"type":"react","seq":1,"on":1}`, "react", "", "", `"on" must be true or false`},
		{"null for on", `{"type":"typing","on":null}`, "typing", "", "", `"on" must be true or false`},
		{"number for a name", `{"type":"rename","name":1}`, "rename", "", "", `"name" must be a string`},
		{"two values", `{"type":"leave"} {"type":"leave"}`, "", "", "", "not JSON"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := wire.Decode([]byte(tt.frame))
			var bad *wire.FrameError
			if !errors.As(err, &bad) {
				t.Fatalf("Decode(%.80q) = %v, %v, want a FrameError", tt.frame, f, err)
			}
			if bad.Re != tt.re || bad.Room != tt.room || bad.ID != tt.id || !strings.Contains(bad.Problem, tt.problem) {
				t.Errorf("Decode(%.80q) says %+v, want re %q, room %q, id %q, problem with %q", tt.frame, *bad, tt.re, tt.room, tt.id, tt.problem)
			}
		})
	}
}

func TestDecodeTakes(t *testing.T) {
	for _, tt := range []struct {
		name, frame string
		want        wire.Frame
	}{
		{"white space", " {\t\"room\" :\"a\" , \"type\":\"leave\"\r} ", wire.Leave{Room: "a"}},
		{"unknown members", `{"type":"leave","x":[{"room":"b"},"}",2],"x":null,"room":"a"}`, wire.Leave{Room: "a"}},
		{"other case is another member", `{"type":"leave","room":"a","ROOM":"b","Room":5}`, wire.Leave{Room: "a"}},
		{"escaped names", `{"\u0074ype":"leave","ro\u006fm":"a"}`, wire.Leave{Room: "a"}},
		{"escapes", `{"type":"post","text":"\"\\\/\b\f\n\r\t\u00e9\ud83e\udeb0"}`, wire.Post{Text: "\"\\/\b\f\n\r\té🪰"}},
		{"lone surrogate", `{"type":"post","text":"\ud83e!"}`, wire.Post{Text: "\xed\xa0\xbe!"}},
		{"2^53-1", `{"type":"post","ttl_ms":9007199254740991}`, wire.Post{TTL: 1<<53 - 1}},
		{"signout with more", `{"type":"signout","everywhere":true}`, wire.Signout{}},
		{"auth without a token", `{"type":"auth"}`, wire.Auth{}},
		{"empty object", `{"type":"join","room":"a"}`, wire.Join{Room: "a"}},
		{"seq 0", `{"type":"remove","room":"a","seq":0}`, wire.Remove{Room: "a"}},
		{"no mentions", `{"type":"post","mentions":[]}`, wire.Post{Mentions: []string{}}},
		{"mention of 80 characters", `{"type":"post","mentions":["` + strings.Repeat("é", 80) + `"]}`,
			wire.Post{Mentions: []string{strings.Repeat("é", 80)}}},
		{"reactions in a post are unknown", `{"type":"post","reactions":[1]}`, wire.Post{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := wire.Decode([]byte(tt.frame))
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("Decode(%q) = %#v, %v, want %#v", tt.frame, got, err, tt.want)
			}
		})
	}
}

func TestDecodeUnknownKind(t *testing.T) {
	if f, err := wire.Decode([]byte(`{"type":"dance","room":5}`)); !errors.Is(err, wire.ErrUnknownKind) {
		t.Errorf("Decode = %v, %v, want ErrUnknownKind", f, err)
	}
}

func TestSplitUndoesBatch(t *testing.T) {
	for _, tt := range []struct {
		name, message string
		want          []string
	}{
		{"one", "a", []string{"a"}},
		{"several", "a\nb\nc", []string{"a", "b", "c"}},
		{"blank lines", "\na\n\r\n b\n", []string{"a", " b"}},
		{"nothing", "", []string{""}},
		{"only line ends", "\n\n", []string{""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for f := range wire.Split([]byte(tt.message)) {
				got = append(got, string(f))
			}
			if strings.Join(got, "|") != strings.Join(tt.want, "|") || len(got) != len(tt.want) {
				t.Errorf("Split(%q) = %q, want %q", tt.message, got, tt.want)
			}
		})
	}
	if got := wire.Batch([]byte("a"), []byte("b")); string(got) != "a\nb" {
		t.Errorf("Batch = %q", got)
	}
}

func TestPartsAndEncodePostedAreTheEncoding(t *testing.T) {
	m := wire.Message{Seq: 58, ID: "x", User: wire.User{ID: "u", Name: "A <b>"}, Text: "<&>", At: 1, Expires: 2}
	none, one := wire.MessageReactions{Seq: 51}, wire.EncodeMessage(m)
	some := wire.MessageReactions{Seq: 52, Reactions: []wire.Reaction{{Emoji: "👍", By: []string{"u"}}}}
	j := wire.Joined{Room: "lobby", Epoch: "f", Head: 58, Removed: []int64{44, 45}, Messages: []wire.Message{m, m},
		Reacted: []wire.MessageReactions{{Seq: 51, Reactions: []wire.Reaction{}}, some}}
	p := j.Parts()
	got := string(p[0]) + "44,45" + string(p[1]) + string(wire.EncodeReacted(none)) +
		"," + string(wire.EncodeReacted(some)) +
		string(p[2]) + string(one) + "," + string(one) + string(p[3])
	if got != string(wire.Encode(j)) {
		t.Errorf("assembled joined = %s, want %s", got, wire.Encode(j))
	}
	if got, want := wire.EncodePosted("lobby", one), wire.Encode(wire.Posted{Room: "lobby", Message: m}); !bytes.Equal(got, want) {
		t.Errorf("EncodePosted = %s, want %s", got, want)
	}
}

// TestFrameErrorRepeatsTheSeq: a refusal names the message that a remove or a react meant, also if the rest cannot be read.
func TestFrameErrorRepeatsTheSeq(t *testing.T) {
	seq := func(n int64) *int64 { return &n }
	for frame, want := range map[string]*int64{
		`{"type":"react","seq":58,"emoji":5}`:  seq(58),
		`{"type":"remove","room":5,"seq":0}`:   seq(0),
		`{"type":"remove","seq":-1}`:           seq(-1),
		`{"type":"remove","seq":"58"}`:         nil,
		`{"type":"remove","room":5}`:           nil,
		`{"type":"post","seq":58,"text":5}`:    nil,
		`{"type":"join","room":"a","seq":58}`:  nil,
		`{"type":"react","seq":1.5,"emoji":5}`: nil,
	} {
		_, err := wire.Decode([]byte(frame))
		var bad *wire.FrameError
		if !errors.As(err, &bad) || !reflect.DeepEqual(bad.Seq, want) {
			t.Errorf("Decode(%s) = %+v, want seq %v", frame, err, want)
		}
	}
}

func TestAddReactionsIsTheEncoding(t *testing.T) {
	m := wire.Message{Seq: 58, ID: "x", User: wire.User{ID: "u", Name: "A"}, Text: "}", At: 1, Expires: 2, ReplyTo: 7}
	plain := wire.EncodeMessage(m)
	if got := wire.AddReactions(plain, nil); !bytes.Equal(got, plain) {
		t.Errorf("without reactions: %s", got)
	}
	m.Reactions = []wire.Reaction{{Emoji: "👍", By: []string{"u", "<g>"}}, {Emoji: "🎉", By: []string{"g"}}}
	kept := bytes.Clone(plain)
	if got := wire.AddReactions(plain, m.Reactions); !bytes.Equal(got, wire.EncodeMessage(m)) || !bytes.Equal(plain, kept) {
		t.Errorf("AddReactions = %s, want %s", got, wire.EncodeMessage(m))
	}
}

func TestCleanText(t *testing.T) {
	at, over := strings.Repeat("🪰", wire.MaxText), strings.Repeat("<", wire.MaxText+1)
	for _, tt := range []struct{ name, text, want, problem string }{
		{"plain", "lunch?", "lunch?", ""},
		{"trimmed", " \t\r\n\u00a0\u2003a b\u3000\n", "a b", ""},
		{"line ends", "a\r\nb\nc\td", "a\nb\nc\td", ""},
		{"longest", at, at, ""},
		{"longest with space around", " " + at + " ", at, ""},
		{"too long", over, "", "longer than 4000 characters"},
		{"empty", "", "", "empty"},
		{"only space", " \n\u2029 ", "", "empty"},
		{"only invisible", "\u200b\u200d\ufeff\u2060\u00ad\ufe0f\u115f\u3164\U000e0041\u2800", "", "empty"},
		{"carriage return", "a\rb", "", "control"},
		{"NUL", "a\x00b", "", "control"},
		{"DEL", "a\x7fb", "", "control"},
		{"C1", "a\u009bb", "", "control"},
		{"lone surrogate", "a\xed\xa0\xbe", "", "half of a character"},
		{"joined emoji stay", "👩\u200d🚀", "👩\u200d🚀", ""},
		{"bidi stays", "a\u202eb", "a\u202eb", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, problem := wire.CleanText(tt.text)
			if got != tt.want || (problem == "") != (tt.problem == "") || !strings.Contains(problem, tt.problem) {
				t.Errorf("CleanText(%.40q) = %.40q, %q, want %.40q, %q", tt.text, got, problem, tt.want, tt.problem)
			}
		})
	}
}

func TestValidNames(t *testing.T) {
	for _, tt := range []struct {
		check func(string) bool
		name  string
		in    string
		want  bool
	}{
		{wire.ValidRoom, "room", "lobby", true},
		{wire.ValidRoom, "room", "7", true},
		{wire.ValidRoom, "room", "a-", true},
		{wire.ValidRoom, "room", strings.Repeat("a", 64), true},
		{wire.ValidRoom, "room", strings.Repeat("a", 65), false},
		{wire.ValidRoom, "room", "", false},
		{wire.ValidRoom, "room", "-a", false},
		{wire.ValidRoom, "room", "Lobby", false},
		{wire.ValidRoom, "room", "a.b", false},
		{wire.ValidRoom, "room", "a*", false},
		{wire.ValidRoom, "room", "é", false},
		{wire.ValidID, "id", "0190a8f0-0000-7000-8000-00000000000f", true},
		{wire.ValidID, "id", "0190A8F0-0000-7000-8000-00000000000f", false},
		{wire.ValidID, "id", "0190a8f0000070008000000000000000", false},
		{wire.ValidID, "id", "0190a8f0-0000-7000-8000-00000000000g", false},
		{wire.ValidID, "id", "", false},
		{wire.ValidSecret, "secret", strings.Repeat("aZ0_-", 4) + "ab", true},
		{wire.ValidSecret, "secret", strings.Repeat("a", 21), false},
		{wire.ValidSecret, "secret", strings.Repeat("a", 86), true},
		{wire.ValidSecret, "secret", strings.Repeat("a", 87), false},
		{wire.ValidSecret, "secret", strings.Repeat("a", 21) + "=", false},
	} {
		if got := tt.check(tt.in); got != tt.want {
			t.Errorf("valid %s %q = %v, want %v", tt.name, tt.in, got, tt.want)
		}
	}
}

func TestCloseForMirrorsEveryBye(t *testing.T) {
	for code, want := range map[wire.Code]int{
		wire.CodeRestart: 1012, wire.CodeBusy: 1013, wire.CodeSlow: 4408, wire.CodeTimeout: 4408, wire.CodeProtocol: 4400,
		wire.CodeRate: 4429, wire.CodeForbidden: 4403, wire.CodeAuth: 4401,
	} {
		if got := wire.CloseFor(code); got != want {
			t.Errorf("CloseFor(%q) = %d, want %d", code, got, want)
		}
	}
}

// TestReasonsSayWhatIsNext compares Reasons with the table in docs/protocol.md.
func TestReasonsSayWhatIsNext(t *testing.T) {
	rows := []struct {
		reasons string
		code    wire.Code
		next    wire.Next
	}{
		{"token_missing token_malformed token_signature token_issuer token_audience token_revoked anonymous_off", "auth", "login"},
		{"token_alg token_type token_lifetime token_bound", "auth", "never"},
		{"token_expired", "auth", "renew"},
		{"token_key_unknown token_not_yet_valid token_issued_in_future", "auth", "later"},
		{"token_client token_subject user_inactive", "forbidden", "never"},
		{"token_scope identity_changed", "forbidden", "login"},
	}
	listed := map[wire.Reason]bool{}
	for _, r := range wire.Reasons {
		listed[r] = true
	}
	n := 0
	for _, row := range rows {
		for _, name := range strings.Fields(row.reasons) {
			n++
			r := wire.Reason(name)
			if !listed[r] {
				t.Errorf("Reasons lacks %q", r)
			}
			if r.Code() != row.code || r.Next() != row.next {
				t.Errorf("%q is %q, %q, want %q, %q", r, r.Code(), r.Next(), row.code, row.next)
			}
		}
	}
	if n != len(wire.Reasons) {
		t.Errorf("Reasons has %d, want %d", len(wire.Reasons), n)
	}
}

// FuzzDecode checks that Decode never panics, and that each frame that it accepts can be encoded and decoded again unchanged.
func FuzzDecode(f *testing.F) {
	for _, b := range golden(f) {
		f.Add(b)
	}
	for _, lacking := range []string{`{"type":"joined","reacted":[{},{"reactions":[{}]}],"messages":[{"reactions":[{}]}]}`,
		`{"type":"posted","reactions":[{}]}`} {
		f.Add([]byte(lacking)) // lists that the protocol requires
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		frame, err := wire.Decode(b)
		if err != nil {
			return
		}
		once := wire.Encode(frame)
		if !utf8.Valid(once) {
			t.Fatalf("Encode(%#v) is not UTF-8: %q", frame, once)
		}
		again, err := wire.Decode(once)
		if err != nil {
			t.Fatalf("Decode(%s): %v, from %q", once, err, b)
		}
		if twice := wire.Encode(again); !bytes.Equal(once, twice) {
			t.Fatalf("Encode(Decode(%s)) = %s", once, twice)
		}
	})
}

func BenchmarkDecodePost(b *testing.B) {
	post := golden(b)["post"]
	b.SetBytes(int64(len(post)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := wire.Decode(post); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodePosted(b *testing.B) {
	f, err := wire.Decode(golden(b)["posted"])
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		wire.Encode(f)
	}
}
