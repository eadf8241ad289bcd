// libsodium behind the freestanding header; nothing is decided here.
#include "CSodium.h"

#include <sodium.h>

_Static_assert(CSODIUM_KEY_BYTES == crypto_aead_chacha20poly1305_ietf_KEYBYTES, "key");
_Static_assert(CSODIUM_NONCE_BYTES == crypto_aead_chacha20poly1305_ietf_NPUBBYTES, "nonce");
_Static_assert(CSODIUM_TAG_BYTES == crypto_aead_chacha20poly1305_ietf_ABYTES, "tag");
_Static_assert(CSODIUM_BOX_KEY_BYTES == crypto_box_PUBLICKEYBYTES, "public key");
_Static_assert(CSODIUM_BOX_KEY_BYTES == crypto_box_SECRETKEYBYTES, "secret key");
_Static_assert(CSODIUM_BOX_OVERHEAD_BYTES == crypto_box_SEALBYTES, "sealed box");

int csodium_init(void) { return sodium_init() < 0 ? -1 : 0; }

void csodium_random(void *out, size_t count) { randombytes_buf(out, count); }

void csodium_seal(void *sealed, const void *plain, size_t count, const void *clear, size_t clear_count,
                  const uint8_t *nonce, const uint8_t *key) {
  crypto_aead_chacha20poly1305_ietf_encrypt(sealed, NULL, plain, count, clear, clear_count, NULL, nonce,
                                            key);
}

int csodium_open(void *plain, const void *sealed, size_t count, const void *clear, size_t clear_count,
                 const uint8_t *nonce, const uint8_t *key) {
  if (count < CSODIUM_TAG_BYTES) return -1;
  size_t body = count - CSODIUM_TAG_BYTES;
  const uint8_t *tag = (const uint8_t *)sealed + body;
  // Without a place for the plain text libsodium only verifies. Asked for both at once it would clear that
  // place when the tag is wrong, and with it what the caller may still need there.
  int verdict = crypto_aead_chacha20poly1305_ietf_decrypt_detached(NULL, NULL, sealed, body, tag, clear,
                                                                   clear_count, nonce, key);
  if (verdict != 0 || body == 0) return verdict;
  return crypto_aead_chacha20poly1305_ietf_decrypt_detached(plain, NULL, sealed, body, tag, clear,
                                                            clear_count, nonce, key);
}

int csodium_hash(void *out, size_t out_count, const void *message, size_t count, const void *key,
                 size_t key_count) {
  return crypto_generichash(out, out_count, message, count, key, key_count);
}

void csodium_key_pair(uint8_t *public_key, uint8_t *secret_key) {
  crypto_box_keypair(public_key, secret_key);
}

int csodium_public_key(uint8_t *public_key, const uint8_t *secret_key) {
  return crypto_scalarmult_base(public_key, secret_key);
}

int csodium_box_seal(void *sealed, const void *plain, size_t count, const uint8_t *public_key) {
  return crypto_box_seal(sealed, plain, count, public_key);
}

int csodium_box_open(void *plain, const void *sealed, size_t count, const uint8_t *public_key,
                     const uint8_t *secret_key) {
  if (count < CSODIUM_BOX_OVERHEAD_BYTES) return -1;
  return crypto_box_seal_open(plain, sealed, count, public_key, secret_key);
}

void csodium_wipe(void *bytes, size_t count) { sodium_memzero(bytes, count); }

int csodium_equal(const void *a, const void *b, size_t count) { return sodium_memcmp(a, b, count) == 0; }
