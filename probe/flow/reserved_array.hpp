// An array of up to `capacity` elements in reserved, untouched address space: it grows page by page as elements
// are first used, never moves, and costs nothing for what is never used. Elements start as all-zero octets.
// Errors: std::bad_alloc when the address space cannot be reserved. Thread rule: one owner.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace voipprobe::probe {

template <typename T>
class ReservedArray {
    static_assert(std::is_trivially_destructible_v<T>);

  public:
    explicit ReservedArray(std::size_t capacity) : capacity_(capacity) {
        void* p = ::mmap(nullptr, octets(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (p == MAP_FAILED) throw std::bad_alloc();
        data_ = static_cast<T*>(p);
        // What is large enough to matter is in large pages where the system has them: fewer faults, fewer misses of the
        // TLB. The first of it is not, so that a small table stays small.
        if (octets() > 2 * kLargePage) ::madvise(static_cast<char*>(p) + kLargePage, octets() - kLargePage, MADV_HUGEPAGE);
    }
    ~ReservedArray() {
        if (data_ != nullptr) ::munmap(data_, octets());
    }
    ReservedArray(ReservedArray&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), capacity_(other.capacity_) {}
    ReservedArray& operator=(ReservedArray&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(capacity_, other.capacity_);
        return *this;
    }

    T& operator[](std::size_t i) { return data_[i]; }
    const T& operator[](std::size_t i) const { return data_[i]; }
    T* data() { return data_; }
    const T* data() const { return data_; }
    std::size_t capacity() const { return capacity_; }

  private:
    static constexpr std::size_t kLargePage = std::size_t{2} << 20;
    std::size_t octets() const { return capacity_ * sizeof(T) + 64; }
    T* data_ = nullptr;
    std::size_t capacity_ = 0;
};

}  // namespace voipprobe::probe
