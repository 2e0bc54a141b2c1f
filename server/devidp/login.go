package devidp

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

var (
	//go:embed login.css
	style string
	//go:embed login.html
	source string

	loginPage = template.Must(template.New("login").Parse(source))
	styleHash = sha256.Sum256([]byte(style))
)

// page is the data for the template login.html.
type page struct {
	Style   template.CSS
	Request string // id of the authorization request; empty: the page has no form
	App     string // origin of the app
	People  []*Person
	Title   string
	Text    string
}

// show writes the page v. appOrigin is the origin of the app, "" if the page has no form. When the user sends the form, the
// provider redirects the browser to the app. Browsers follow this redirect only if form-action in the
// Content-Security-Policy names appOrigin.
func (p *Provider) show(w http.ResponseWriter, status int, v page, appOrigin string) {
	v.Style = template.CSS(style)
	var b bytes.Buffer
	if err := loginPage.Execute(&b, v); err != nil {
		p.log.Error("cannot draw the sign-in form", "err", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+
		base64.StdEncoding.EncodeToString(styleHash[:])+"'; form-action 'self' "+appOrigin+
		"; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // fails only if the client has disconnected
}

func (p *Provider) showHome(w http.ResponseWriter, _ *http.Request) {
	p.show(w, http.StatusOK, page{Title: "Nobody is signed in here",
		Text: "Mayfly sends people here to say who they are, and keeps what they said."}, "")
}

func (p *Provider) showLogin(w http.ResponseWriter, r *http.Request) {
	asked := p.store.request(r.FormValue("id"))
	if asked == nil {
		p.showStale(w)
		return
	}
	back := originOf(asked.GetRedirectURI())
	p.show(w, http.StatusOK, page{Request: asked.id, App: back, People: People[:], Title: "Who are you?"}, back)
}

func (p *Provider) showStale(w http.ResponseWriter) {
	p.show(w, http.StatusGone, page{Title: "This sign-in is over",
		Text: "It took too long, or has ended already. Go back to Mayfly and sign in again."}, "")
}

// handleLogin runs when the user has sent the form. It signs in the person that the user chose. If the user chose nobody,
// it sends the browser back to the app with the error access_denied.
func (p *Provider) handleLogin(w http.ResponseWriter, r *http.Request) {
	id, who := r.PostFormValue("id"), person(r.PostFormValue("person"))
	asked := p.store.request(id)
	if asked == nil {
		p.showStale(w)
		return
	}
	if who == nil {
		_ = p.store.DeleteAuthRequest(r.Context(), id)
		op.AuthRequestError(w, r, asked, oidc.ErrAccessDenied().WithDescription("The sign-in was cancelled."), p.op)
		return
	}
	p.store.setPerson(id, who)
	p.log.Info("somebody signed in without proof, as this is for development", "user_id", who.ID)
	http.Redirect(w, r, callbackPath+"?id="+url.QueryEscape(id), http.StatusSeeOther)
}
