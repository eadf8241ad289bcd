// What Nod needs of libsodium, in functions of its own: <sodium.h> includes headers that the freestanding C
// library of the ARM board builds does not have. Lengths are in bytes; what can fail returns 0 or -1.
#ifndef CSODIUM_H
#define CSODIUM_H

#include <stddef.h>
#include <stdint.h>

enum {
  CSODIUM_KEY_BYTES = 32,
  CSODIUM_NONCE_BYTES = 12,
  CSODIUM_TAG_BYTES = 16,
  CSODIUM_BOX_KEY_BYTES = 32,
  CSODIUM_BOX_OVERHEAD_BYTES = 48,
};

// To be called before anything else, as often as one likes, from any thread.
int csodium_init(void);

void csodium_random(void *out, size_t count);

// ChaCha20-Poly1305 (RFC 8439). `sealed` takes the ciphertext and behind it the tag: count + 16 bytes. It may
// be the memory of `plain` itself.
void csodium_seal(void *sealed, const void *plain, size_t count, const void *clear, size_t clear_count,
                  const uint8_t *nonce, const uint8_t *key);

// The reverse: `plain` gets count - 16 bytes once the tag is verified; before that, or if it is wrong, it is
// not touched.
int csodium_open(void *plain, const void *sealed, size_t count, const void *clear, size_t clear_count,
                 const uint8_t *nonce, const uint8_t *key);

// BLAKE2b of 16 to 64 bytes, with a key of 16 to 64 bytes or none (NULL, 0).
int csodium_hash(void *out, size_t out_count, const void *message, size_t count, const void *key,
                 size_t key_count);

// X25519 key pairs, and boxes sealed to a public key by a sender who stays unknown (count + 48 bytes).
void csodium_key_pair(uint8_t *public_key, uint8_t *secret_key);
int csodium_public_key(uint8_t *public_key, const uint8_t *secret_key);
int csodium_box_seal(void *sealed, const void *plain, size_t count, const uint8_t *public_key);
int csodium_box_open(void *plain, const void *sealed, size_t count, const uint8_t *public_key,
                     const uint8_t *secret_key);

// Overwrites, and the optimiser cannot take it away.
void csodium_wipe(void *bytes, size_t count);

// 1 when equal, in a time that does not tell where they differ.
int csodium_equal(const void *a, const void *b, size_t count);

#endif
