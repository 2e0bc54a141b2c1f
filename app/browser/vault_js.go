package browser

import (
	"crypto/rand"
	"encoding/base64"
	"syscall/js"
)

const nonceSize = 12 // in bytes; a sealed text begins with the nonce, and the encrypted bytes follow

// Seal encrypts text and returns the result as base64. If there is no key yet, it makes one. It blocks.
func (Vault) Seal(text string) (sealed string, err error) {
	key, err := keyRequest("get", vaultKey)
	if err == nil && key.IsUndefined() {
		key, err = makeKey()
	}
	if err != nil {
		return "", err
	}
	nonce := make([]byte, nonceSize)
	rand.Read(nonce) // never fails
	buffer, err := crypt("encrypt", key, nonce, []byte(text))
	return base64.StdEncoding.EncodeToString(append(nonce, buffer...)), err
}

// Open returns the text that Seal has encrypted. It blocks. ok is false if the text can never be opened, because it is
// damaged or the key is gone. err means that the vault cannot be used now.
func (Vault) Open(sealed string) (text string, ok bool, err error) {
	b, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil || len(b) < nonceSize {
		return "", false, nil
	}
	key, err := keyRequest("get", vaultKey)
	if err != nil || key.IsUndefined() {
		return "", false, err
	}
	b, err = crypt("decrypt", key, b[:nonceSize], b[nonceSize:])
	return string(b), err == nil, nil
}

// Forget destroys the key: text that was sealed with it can never be opened again. It blocks.
func (Vault) Forget() {
	_, _ = keyRequest("delete", vaultKey)
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

// makeKey makes the key, or returns the key that another tab has made meanwhile.
func makeKey() (js.Value, error) {
	aes := object("name", "AES-GCM")
	aes.Set("length", 256)
	made, err := await(call(subtle(), "generateKey", aes, false, []any{"encrypt", "decrypt"}))
	if err != nil {
		return made, err
	}
	_, _ = keyRequest("add", made, vaultKey) // fails if there is a key already
	made, err = keyRequest("get", vaultKey)
	if err == nil && made.IsUndefined() {
		err = errRefused
	}
	return made, err
}

// keyRequest makes one request to the store of keys and returns its result.
func keyRequest(method string, args ...any) (result js.Value, err error) {
	db, err := openStore(vaultDatabase, vaultStore)
	if err != nil {
		return result, err
	}
	defer call(db, "close")
	request := call(call(call(db, "transaction", vaultStore, "readwrite"), "objectStore", vaultStore), method, args...)
	if firstEvent(request, "success", "error") == "error" {
		return result, errRefused
	}
	return request.Get("result"), nil
}
