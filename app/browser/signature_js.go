package browser

import (
	"strings"
	"syscall/js"
)

// VerifySignature reports whether the parameter signature is right for the bytes in the parameter signed. It uses WebCrypto.
// alg is the name of the algorithm in JOSE, such as ES256. jwk is the signer's public key, as JSON. ok is false if the
// signature is wrong, or if WebCrypto cannot check it. VerifySignature blocks.
func VerifySignature(alg string, jwk, signed, signature []byte) (ok bool) {
	_, how, known := strings.Cut(webCrypto, alg+" ")
	if !known {
		return false
	}
	how, _, _ = strings.Cut(how, "\n")
	parameters := parse(how)
	key, err := await(call(subtle(), "importKey", "jwk", parse(string(jwk)), parameters, false, []any{"verify"}))
	if err != nil {
		return false
	}
	good, err := await(call(subtle(), "verify", parameters, key, array(signature), array(signed)))
	return err == nil && good.Bool()
}

func parse(json string) js.Value { return call(global("JSON"), "parse", json) }

// webCrypto has a line for each JOSE algorithm that app/pkce accepts, except RS256, which it checks itself. A line consists
// of the algorithm's name and its WebCrypto parameters, with which VerifySignature imports the key and checks the
// signature.
const webCrypto = `RS384 {"name":"RSASSA-PKCS1-v1_5","hash":"SHA-384"}
RS512 {"name":"RSASSA-PKCS1-v1_5","hash":"SHA-512"}
PS256 {"name":"RSA-PSS","hash":"SHA-256","saltLength":32}
PS384 {"name":"RSA-PSS","hash":"SHA-384","saltLength":48}
PS512 {"name":"RSA-PSS","hash":"SHA-512","saltLength":64}
ES256 {"name":"ECDSA","hash":"SHA-256","namedCurve":"P-256"}
ES384 {"name":"ECDSA","hash":"SHA-384","namedCurve":"P-384"}
ES512 {"name":"ECDSA","hash":"SHA-512","namedCurve":"P-521"}
EdDSA {"name":"Ed25519"}
`
