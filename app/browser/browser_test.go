package browser

import (
	"context"
	"errors"
	"net/url"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"mayfly/shared/wire"
)

// TestMain runs the tests on one thread, as a browser runs the client. With two threads the race detector crashes if two
// goroutines of one bubble at the same time start timers that are due already (Go 1.26.8, runtime/time.go, unlockAndRun).
func TestMain(m *testing.M) {
	runtime.GOMAXPROCS(1)
	goleak.VerifyTestMain(m)
}

func TestReadable(t *testing.T) {
	for address, want := range map[string]string{
		"http://localhost/#100%": "http://localhost/#100%25", "http://localhost/#%zz": "http://localhost/#%25zz",
		"http://localhost/r/100%?a=%20#%2": "http://localhost/r/100%25?a=%2520#%252",

		"http://localhost/": "", "http://localhost/r/tea?x#100%25": "", "http://localhost/?state=%zz": "",
		"http://localhost/#%F0%9F": "",
	} {
		if want == "" {
			want = address
		}
		got := readable(address)
		if _, err := url.Parse(got); got != want || err != nil {
			t.Errorf("readable(%q) = %q, want %q; Go parses it: %v", address, got, want, err)
		}
	}
}

func TestCloseIsQueuedBehindMessages(t *testing.T) {
	q := newInbox()
	q.push([]byte("a"))
	q.push([]byte("b"))
	want := &wire.ClosedError{Code: 1012, Reason: "restart"}
	q.finish(want)
	q.finish(errors.New("a second end"))
	q.push([]byte("after the end"))
	s := &Socket{in: q}
	for _, text := range []string{"a", "b"} {
		if m, err := s.Read(t.Context()); err != nil || string(m) != text {
			t.Fatalf("Read = %q, %v, want %q", m, err, text)
		}
	}
	for range 2 {
		if m, err := s.Read(t.Context()); m != nil || err != want {
			t.Fatalf("Read = %q, %v, want the close", m, err)
		}
	}
}

func TestReadWaitsAndKeepsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newInbox()
		var got []byte
		go func() {
			for {
				m, err := q.next(t.Context())
				if err != nil {
					return
				}
				got = append(got, m...)
			}
		}()
		var want []byte
		for i := range byte(200) {
			q.push([]byte{i})
			want = append(want, i)
			if i%7 == 0 {
				synctest.Wait()
			}
		}
		q.finish(errors.New("the end"))
		synctest.Wait()
		if !slices.Equal(got, want) {
			t.Errorf("read %v", got)
		}
	})
}

func TestReadEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newInbox().next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("next = %v, want canceled", err)
	}
}

func TestClosedSocketDropsWhatComes(t *testing.T) {
	s := &Socket{in: newInbox()}
	s.in.push([]byte("a"))
	s.Close(1011, "é")
	s.in.push([]byte("b"))
	s.in.finish(errors.New("the end"))
	if m, err := s.Read(t.Context()); m != nil || err == nil {
		t.Errorf("Read = %q, %v, want the end", m, err)
	}
}

func TestSocketURL(t *testing.T) {
	for _, tt := range []struct{ origin, want string }{
		{"http://localhost:8080", "ws://localhost:8080/ws"},
		{"https://chat.example", "wss://chat.example/ws"},
	} {
		if got := socketURL(tt.origin, "/ws"); got != tt.want {
			t.Errorf("socketURL(%q) = %q, want %q", tt.origin, got, tt.want)
		}
	}
}

func TestStorageKeeps(t *testing.T) {
	s := TabStorage()
	if v, err := s.Load("guest"); v != "" || err != nil {
		t.Errorf("Load before Save = %q, %v", v, err)
	}
	if err := s.Save("guest", "x"); err != nil {
		t.Fatal(err)
	}
	if v, err := s.Load("guest"); v != "x" || err != nil {
		t.Errorf("Load = %q, %v", v, err)
	}
}

func TestStorageForgets(t *testing.T) {
	s := DeviceStorage()
	for _, key := range []string{"a", "b"} {
		if err := s.Save(key, "x"); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Delete("a"); err != nil {
		t.Fatal(err)
	}
	if v, err := s.Load("a"); v != "" || err != nil {
		t.Errorf("Load of what was deleted = %q, %v", v, err)
	}
	if keys, err := s.Keys(); !slices.Equal(keys, []string{"b"}) || err != nil {
		t.Errorf("Keys = %q, %v", keys, err)
	}
}
