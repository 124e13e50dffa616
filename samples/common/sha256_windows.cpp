// SHA-256 as Windows computes it.
#include "common/sha256.h"

#include <windows.h>

#include <bcrypt.h>

#include <array>
#include <stdexcept>

namespace samples {

namespace {

void require(NTSTATUS status) {
  if (status < 0) throw std::runtime_error("Windows refuses SHA-256");
}

}  // namespace

struct Sha256::State {
  State() {
    require(::BCryptOpenAlgorithmProvider(&provider, BCRYPT_SHA256_ALGORITHM, nullptr, 0));
    if (::BCryptCreateHash(provider, &hash, nullptr, 0, nullptr, 0, 0) < 0) {
      ::BCryptCloseAlgorithmProvider(provider, 0);
      throw std::runtime_error("Windows refuses SHA-256");
    }
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    ::BCryptDestroyHash(hash);
    ::BCryptCloseAlgorithmProvider(provider, 0);
  }

  BCRYPT_ALG_HANDLE provider = nullptr;
  BCRYPT_HASH_HANDLE hash = nullptr;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}

Sha256::~Sha256() = default;

void Sha256::add(coil::ConstBytes bytes) {
  auto* data = reinterpret_cast<UCHAR*>(const_cast<std::byte*>(bytes.data()));
  require(::BCryptHashData(state_->hash, data, static_cast<ULONG>(bytes.size()), 0));
}

std::string Sha256::hex_digest() {
  std::array<UCHAR, 32> digest;
  require(::BCryptFinishHash(state_->hash, digest.data(), static_cast<ULONG>(digest.size()), 0));
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const UCHAR byte : digest) {
    text += digits[byte / 16];
    text += digits[byte % 16];
  }
  return text;
}

}  // namespace samples
