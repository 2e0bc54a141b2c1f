package main

import (
	"strings"
	"testing"
)

func TestAuthorizeParams(t *testing.T) {
	for _, tt := range []struct{ value, query string }{
		{"", ""},
		{"audience=https://api.example", "audience=https%3A%2F%2Fapi.example"},
		{"audience=https%3A%2F%2Fapi.example&prompt=consent", "audience=https%3A%2F%2Fapi.example&prompt=consent"},
		{"prompt=login consent", "prompt=login+consent"},
		{"login_hint=ada+chat@example.com", "login_hint=ada%2Bchat%40example.com"},
		{"resource=https://a.example&resource=https://b.example", "resource=https%3A%2F%2Fa.example&resource=https%3A%2F%2Fb.example"},
		{"acr_values=a=b", "acr_values=a%3Db"},
		{"max_age=0&kc_idp_hint=google&X-vendor.1=ü", "max_age=0&kc_idp_hint=google&X-vendor.1=%C3%BC"},
		{"claims={\"userinfo\":{}}", "claims=%7B%22userinfo%22%3A%7B%7D%7D"},
		{"a=" + strings.Repeat("x", maxAuthorizeParams-2), "a=" + strings.Repeat("x", maxAuthorizeParams-2)},
	} {
		if got, err := authorizeParams(tt.value); got != tt.query || err != nil {
			t.Errorf("authorizeParams(%q) = %q, %v, want %q", tt.value, got, err, tt.query)
		}
	}
}

func TestAuthorizeParamsThatAreWrong(t *testing.T) {
	for _, tt := range []struct {
		value string
		says  []string
	}{
		{"audience", []string{`"audience" is no pair`}},
		{"audience=", []string{"is no pair"}},
		{"=x", []string{"is no pair"}},
		{"a=b&", []string{`"" is no pair`}},
		{"a b=c", []string{"is no pair"}},
		{"a=%zz", []string{"is no pair"}},
		{"a=%0d%0aSet-Cookie", []string{"is no pair"}},
		{"ä=b", []string{"is no pair"}},
		{"a=b&a=c", []string{"a stands there twice"}},
		{"prompt=none", []string{"nobody could sign in"}},
		{"prompt=login none", []string{"nobody could sign in"}},
		{"client_id=x&state=y&nonce=z", []string{"client_id is not to be set here: the page sends its own, from -client-id", "state is", "nonce is"}},
		{"redirect_uri=x&code_challenge=x&code_challenge_method=plain", []string{"redirect_uri is", "code_challenge is", "code_challenge_method is"}},
		{"response_type=token&response_mode=fragment", []string{"response_type is", "response_mode is"}},
		{"request=x&request_uri=x&client_secret=x", []string{"request is", "request_uri is", "client_secret is"}},
		{"scope=openid", []string{"from -scopes"}},
		{"Client_ID=x", []string{"Client_ID is"}},
		{"client%5Fid=x", []string{"client_id is"}},
		{"a=" + strings.Repeat("x", maxAuthorizeParams-1), []string{"it has 1025 bytes: want 1024 or less"}},
	} {
		_, err := authorizeParams(tt.value)
		for _, says := range tt.says {
			if err == nil || !strings.Contains(err.Error(), "-authorize-params: ") || !strings.Contains(err.Error(), says) {
				t.Errorf("authorizeParams(%q) = %v, want %q in it", tt.value, err, says)
			}
		}
	}
}
