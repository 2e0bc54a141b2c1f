package browser

import (
	"crypto/rand"
	"encoding/base64"
	"syscall/js"
)

const (
	vaultDatabase = "mayfly"
	vaultStore    = "keys"
	vaultKey      = "session"
	nonceSize     = 12 // bytes, in front of what is sealed
)

// Seal returns plain sealed, as base64. The key is made if there is none.
func (Vault) Seal(plain string) (sealed string, err error) {
	key, err := inStore("get", vaultKey)
	if err == nil && key.IsUndefined() {
		key, err = makeKey()
	}
	if err != nil {
		return "", err
	}
	nonce := make([]byte, nonceSize)
	rand.Read(nonce) // never fails
	buffer, err := crypt("encrypt", key, nonce, []byte(plain))
	return base64.StdEncoding.EncodeToString(append(nonce, buffer...)), err
}

// Open returns what was sealed. ok is false if it never will: it is damaged, or its key is gone.
func (Vault) Open(sealed string) (plain string, ok bool, err error) {
	b, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil || len(b) < nonceSize {
		return "", false, nil
	}
	key, err := inStore("get", vaultKey)
	if err != nil || key.IsUndefined() {
		return "", false, err
	}
	b, err = crypt("decrypt", key, b[:nonceSize], b[nonceSize:])
	return string(b), err == nil, nil
}

// Forget destroys the key: what was sealed with it never opens again.
func (Vault) Forget() {
	_, _ = inStore("delete", vaultKey)
}

func subtle() js.Value { return global("crypto").Get("subtle") }

func crypt(method string, key js.Value, nonce, b []byte) ([]byte, error) {
	gcm := object("name", "AES-GCM")
	gcm.Set("iv", array(nonce))
	buffer, err := await(call(subtle(), method, gcm, key, array(b)))
	if err != nil {
		return nil, err
	}
	return bytesOf(buffer), nil
}

// makeKey makes the key, or returns the one that another tab has made meanwhile.
func makeKey() (js.Value, error) {
	aes := object("name", "AES-GCM")
	aes.Set("length", 256)
	made, err := await(call(subtle(), "generateKey", aes, false, []any{"encrypt", "decrypt"}))
	if err != nil {
		return made, err
	}
	_, _ = inStore("add", made, vaultKey) // it fails if there is one
	made, err = inStore("get", vaultKey)
	if err == nil && made.IsUndefined() {
		err = errRefused
	}
	return made, err
}

// inStore makes one request to the store of keys and returns its result.
func inStore(method string, args ...any) (result js.Value, err error) {
	db, err := openStore(vaultDatabase, vaultStore)
	if err != nil {
		return result, err
	}
	defer call(db, "close")
	request := call(call(call(db, "transaction", vaultStore, "readwrite"), "objectStore", vaultStore), method, args...)
	if once(request, "success", "error") == "error" {
		return result, errRefused
	}
	return request.Get("result"), nil
}
