package operate_test

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"mayfly/cmd/mayfly/e2e/rig"
	"mayfly/server/devidp"
	"mayfly/shared/wire"
)

func TestDevServesChatAndSignIn(t *testing.T) {
	t.Parallel()
	server := rig.Dev(t)
	if status, body := rig.Get(t, server.URL); status != http.StatusOK || !strings.Contains(body, "Mayfly") {
		t.Errorf("the chat = %d %s", status, body)
	}
	if status, body := rig.Get(t, server.Provider); status != http.StatusOK || !strings.Contains(body, "anybody can sign in as anybody") {
		t.Errorf("the provider = %d %s", status, body)
	}
	asked := server.Calls()[devidp.JWKS]
	for _, fault := range []struct {
		list []devidp.Fault // of any number of requests: the chat's server asks for the keys, too
		want int
	}{
		{[]devidp.Fault{{At: devidp.JWKS, Do: devidp.Refuse, Status: http.StatusTooManyRequests}}, http.StatusTooManyRequests},
		{nil, http.StatusOK},
	} {
		server.SetFaults(devidp.Faults{Faults: fault.list})
		if status, body := rig.Get(t, server.Provider+"/keys"); status != fault.want {
			t.Errorf("the keys = %d %s, want %d", status, body, fault.want)
		}
	}
	if calls := server.Calls()[devidp.JWKS]; calls < asked+2 {
		t.Errorf("the keys were asked for %d times, before %d", calls, asked)
	}
	server.Stop()
	for _, url := range []string{server.URL, server.Provider} {
		if conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://")); err == nil {
			conn.Close()
			t.Errorf("%s still listens", url)
		}
	}
}

func TestFormLeadsBackToTheChat(t *testing.T) {
	t.Parallel()
	server := rig.Dev(t)
	back := url.Values{"response_type": {"code"}, "client_id": {"mayfly-dev"}, "redirect_uri": {server.URL + "/login/callback"}, "scope": {"openid"},
		"state": {"s"}, "nonce": {"n"}, "code_challenge_method": {"S256"}, "code_challenge": {strings.Repeat("a", 43)}}
	tab := rig.OpenBrowser(t).Tab(server.Provider + "/authorize?" + back.Encode())
	tab.Until(`location.pathname === '/login' && getComputedStyle(document.querySelector('ul') ?? document.body).listStyleType === 'none'`) // the policy lets the style in
	ctx, cancel := context.WithTimeout(tab.Ctx, rig.Timeout)
	defer cancel()
	ada := rig.ByRole("button", devidp.People[0].Name())
	resp, err := chromedp.RunResponse(ctx, chromedp.Evaluate[chromedp.Void](ada+`.click()`))
	if err != nil || !strings.HasPrefix(resp.URL, server.URL+"/login/callback?") || !strings.Contains(resp.URL, "code=") {
		t.Errorf("the form leads to %+v, %v", resp, err)
	}
	for _, fault := range tab.Faults() {
		if strings.Contains(fault, "Content Security Policy") {
			t.Error(fault)
		}
	}
}

func TestWhoSignsInIsWelcome(t *testing.T) {
	t.Parallel()
	server := rig.Dev(t)
	tokens := server.SignIn(devidp.People[1])
	raw := rig.Dial(t, server)
	raw.Send(wire.Hello{Token: &tokens.Access, IDToken: tokens.ID})
	if w := rig.Next[wire.Welcome](raw); w.User.Name != "Grace Hopper" || w.User.Anonymous || w.AuthExpires == 0 {
		t.Errorf("welcome is %+v, want Grace Hopper", w)
	}
}

func TestDevSaysWhatItIsBeforeItServes(t *testing.T) {
	t.Parallel()
	taken := rig.TakePort(t)
	out, code := rig.Run(t, "dev", "-listen", "127.0.0.1:0", "-provider-listen", taken)
	if code == 0 || !strings.Contains(out, taken+" is taken by another program") || !strings.Contains(out, "with -provider-listen") {
		t.Errorf("with a port that is taken: exit code %d: %s", code, out)
	}
	out, code = rig.Run(t, "dev", "-listen", "127.0.0.1:0", "-provider-listen", "127.0.0.1:0", "-data", "/dev/null")
	if code == 0 || !strings.HasPrefix(out, "FOR DEVELOPMENT ONLY: anybody can sign in as anybody") {
		t.Errorf("before it serves it says %s (exit code %d)", out, code)
	}
}

func TestDevRefusesOtherMachines(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"-listen", ":0"}, {"-provider-listen", "0.0.0.0:0"}, {"-public-url", "https://chat.example.com"}, {"-issuer", "https://id.example.com"},
	} {
		out, code := rig.Run(t, append([]string{"dev"}, args...)...)
		if code == 0 || !strings.Contains(out, args[0]) || strings.Contains(out, "Mayfly is at") {
			t.Errorf("dev %s: exit code %d: %s", args, code, out)
		}
	}
}
