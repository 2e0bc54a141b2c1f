package hub_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mayfly/server/hub"
	"mayfly/shared/wire"
)

// TestRenamed: later messages carry the new name; live messages keep the name under which they were posted.
func TestRenamed(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		first, second := post(1, "lobby", 0), post(2, "lobby", 0)
		early := ann.posted(first, 1)
		ann.Post(first)
		ann.want(t, accepted(early, false), early)
		ann.ShowAs("Ann Lee", "")
		ann.user.Name = "Ann Lee"
		late := ann.posted(second, 2)
		ann.Post(second)
		ann.want(t, accepted(late, false), late)
		if got := w.person("ben").join(t, "lobby", nil).Messages; !reflect.DeepEqual(got,
			[]wire.Message{early.Message, late.Message}) {
			t.Errorf("a newcomer gets %+v", got)
		}
	})
}

// TestDrainWaitsForTheAnswersToPosts: Drain also waits for a post that repeats another client's unanswered post.
func TestDrainWaitsForTheAnswersToPosts(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann, again, ben := w.in(t, "ann", "lobby"), w.in(t, "ann", "lobby"), w.in(t, "ben", "lobby")
		ann.Drain(t.Context())
		for i, err := range []error{nil, errors.New("broken")} {
			w.stream.FailAppends(err)
			release := w.stream.Hold()
			ann.Post(post(i, "lobby", 0))
			again.Post(post(i, "lobby", 0))
			ben.Drain(t.Context())
			var drained []<-chan struct{}
			for _, c := range []*recorder{ann, again} {
				done := make(chan struct{})
				drained = append(drained, done)
				go func() {
					c.Drain(t.Context())
					close(done)
				}()
			}
			synctest.Wait()
			for _, done := range drained {
				select {
				case <-done:
					t.Error("drained before there was an answer")
				default:
				}
			}
			release()
			for _, done := range drained {
				<-done
			}
		}
		w.stream.Hold()
		ann.Post(post(2, "lobby", 0))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		ann.Drain(ctx) // Drain returns when ctx is done
	})
}

// TestQuietFrames lists the frames that no client waits for.
func TestQuietFrames(t *testing.T) {
	for _, f := range []wire.Frame{wire.Welcome{}, wire.Beat{}, wire.Expiring{}, wire.Authed{}, wire.Removed{Why: wire.WhyExpired}} {
		if !hub.NewFrame(f).Quiet() {
			t.Errorf("%T is not quiet", f)
		}
	}
	for _, f := range []wire.Frame{wire.Accepted{}, wire.Posted{}, wire.Refused{}, wire.Bye{}, wire.Removed{Why: "author"}} {
		if hub.NewFrame(f).Quiet() {
			t.Errorf("%T is quiet", f)
		}
	}
}

// TestWhoMayNotPost: a client without the right to post can read like every other. Its posts are refused, after the
// checks that come first by the protocol.
func TestWhoMayNotPost(t *testing.T) {
	bubble(t, testConfig, func(t *testing.T, w world) {
		ann := w.in(t, "ann", "lobby")
		reader := &recorder{user: wire.User{ID: "g-reader", Name: "Anonymous Heron", Anonymous: true}}
		reader.Client = w.NewClient(reader, reader.user, "", hub.Reader)
		reader.join(t, "lobby", nil)
		for _, tt := range []struct {
			post wire.Post
			code wire.Code
		}{
			{wire.Post{ID: id(1), Room: "lobby", Text: "x"}, wire.CodeForbidden},
			{wire.Post{ID: id(1), Room: "lobby", Text: ""}, wire.CodeForbidden},
			{wire.Post{ID: id(1), Room: "tea", Text: "x"}, wire.CodeRoom},
			{wire.Post{ID: "1", Room: "lobby", Text: "x"}, wire.CodeID},
		} {
			reader.Post(tt.post)
			if got := next[wire.Refused](t, reader); got.Code != tt.code || got.RetryMS != 0 ||
				tt.code == wire.CodeForbidden && !strings.Contains(got.Message, "signed in") {
				t.Errorf("post %+v: refused %+v, want %s", tt.post, got, tt.code)
			}
		}
		ann.want(t)
		p := post(2, "lobby", time.Minute)
		posted := ann.posted(p, 1)
		ann.Post(p)
		reader.want(t, posted)
	})
}
