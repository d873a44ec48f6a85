#include "support/allocator.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <new>

#include <sys/mman.h>

namespace pyston::support {
namespace {

constexpr size_t kRangeBytes = size_t{64} << 20; // reserved; only touched pages take memory
constexpr size_t kChunkBytes = size_t{32} << 10;
constexpr size_t kStep = 16; // between size classes
constexpr size_t kMostBytes = 512;
constexpr size_t kClasses = kMostBytes / kStep;
// Of chunks without live blocks so many keep their pages.
constexpr size_t kMostEmptyChunks = 64;

struct FreeBlock {
    FreeBlock* next;
};

// At the start of its memory.
struct alignas(kStep) Chunk {
    FreeBlock* free;
    Chunk* next; // in the list of chunks of its class with free blocks, or of empty chunks
    Chunk* previous;
    char* fresh; // what lies behind was never used
    uint32_t live;
    uint32_t blockBytes;

    char* end() { return reinterpret_cast<char*>(this) + kChunkBytes; }
    bool isFull() { return free == nullptr && fresh + blockBytes > end(); }
};

class SpinLock {
  public:
    void lock() {
        while (taken_.exchange(true, std::memory_order_acquire)) {
        }
    }
    void unlock() { taken_.store(false, std::memory_order_release); }

  private:
    std::atomic<bool> taken_{false};
};

class Allocator {
  public:
    void* allocate(size_t size) {
        if (size > kMostBytes)
            return nullptr;
        const size_t sizeClass = size == 0 ? 0 : (size - 1) / kStep;
        const std::lock_guard guard(lock_);
        Chunk* chunk = withRoom_[sizeClass];
        if (chunk == nullptr) [[unlikely]] {
            chunk = newChunk((sizeClass + 1) * kStep);
            if (chunk == nullptr)
                return nullptr;
            push(&withRoom_[sizeClass], chunk);
        }
        void* block = chunk->free;
        if (block != nullptr) {
            chunk->free = chunk->free->next;
        } else {
            block = chunk->fresh;
            chunk->fresh += chunk->blockBytes;
        }
        ++chunk->live;
        if (chunk->isFull())
            remove(&withRoom_[sizeClass], chunk);
        return block;
    }

    bool release(void* block) {
        auto address = reinterpret_cast<uintptr_t>(block);
        if (address - reinterpret_cast<uintptr_t>(base_) >= kRangeBytes)
            return false;
        auto* chunk = reinterpret_cast<Chunk*>(address & ~(kChunkBytes - 1));
        const std::lock_guard guard(lock_);
        Chunk** list = &withRoom_[chunk->blockBytes / kStep - 1];
        if (chunk->isFull())
            push(list, chunk);
        chunk->free = new (block) FreeBlock{chunk->free};
        if (--chunk->live == 0) {
            remove(list, chunk);
            keep(chunk);
        }
        return true;
    }

  private:
    static void push(Chunk** list, Chunk* chunk) {
        chunk->previous = nullptr;
        chunk->next = *list;
        if (*list != nullptr)
            (*list)->previous = chunk;
        *list = chunk;
    }

    static void remove(Chunk** list, Chunk* chunk) {
        (chunk->previous != nullptr ? chunk->previous->next : *list) = chunk->next;
        if (chunk->next != nullptr)
            chunk->next->previous = chunk->previous;
    }

    // For the next class that needs one.
    void keep(Chunk* chunk) {
        if (numEmpty_ >= kMostEmptyChunks) {
            constexpr size_t kPage = 4096; // the first holds the list
            madvise(reinterpret_cast<char*>(chunk) + kPage, kChunkBytes - kPage, MADV_DONTNEED);
        }
        ++numEmpty_;
        push(&empty_, chunk);
    }

    Chunk* newChunk(size_t blockBytes) {
        Chunk* chunk = empty_;
        if (chunk != nullptr) {
            remove(&empty_, chunk);
            --numEmpty_;
        } else {
            if (base_ == nullptr && !reserve())
                return nullptr;
            if (unused_ + kChunkBytes > base_ + kRangeBytes)
                return nullptr;
            chunk = reinterpret_cast<Chunk*>(unused_);
            unused_ += kChunkBytes;
        }
        return new (chunk) Chunk{nullptr, nullptr,
                                 nullptr, reinterpret_cast<char*>(chunk + 1),
                                 0,       static_cast<uint32_t>(blockBytes)};
    }

    bool reserve() {
        if (failed_)
            return false;
        void* at = mmap(nullptr, kRangeBytes + kChunkBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        failed_ = at == MAP_FAILED;
        if (failed_)
            return false;
        const auto address = reinterpret_cast<uintptr_t>(at);
        base_ = reinterpret_cast<char*>((address + kChunkBytes - 1) & ~(kChunkBytes - 1));
        unused_ = base_;
        return true;
    }

    SpinLock lock_;
    char* base_ = nullptr;
    char* unused_ = nullptr;
    bool failed_ = false;
    std::array<Chunk*, kClasses> withRoom_{};
    Chunk* empty_ = nullptr;
    size_t numEmpty_ = 0;
};

constinit Allocator allocator;

} // namespace

void* allocateSmall(size_t size) {
    return allocator.allocate(size);
}

bool freeSmall(void* block) {
    return allocator.release(block);
}

} // namespace pyston::support
