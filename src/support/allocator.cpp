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
// Of chunks without live blocks so many keep their pages.
constexpr size_t kMostEmptyChunks = 64;

struct FreeBlock {
    FreeBlock* next;
};

constexpr size_t classOf(size_t size) {
    return size == 0 ? 0 : (size - 1) / kSizeStep;
}

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

} // namespace

// At the start of its memory. What belongs to a scope is used by its thread only, but for `owner`,
// which others read, and `freedByOthers`.
struct alignas(kSizeStep) Chunk {
    FreeBlock* free;
    Chunk* next; // in the list of chunks of its class with free blocks, or of empty chunks
    Chunk* previous;
    char* fresh; // what lies behind was never used
    uint32_t live;
    uint32_t blockBytes;
    std::atomic<AllocationScope*> owner; // null: the allocator, with its lock
    Chunk* nextOwned;
    FreeBlock* freedByOthers; // with the lock, while it has an owner

    char* end() { return reinterpret_cast<char*>(this) + kChunkBytes; }
    bool isFull() { return free == nullptr && fresh + blockBytes > end(); }

    static Chunk* of(void* block) {
        return reinterpret_cast<Chunk*>(reinterpret_cast<uintptr_t>(block) & ~(kChunkBytes - 1));
    }
};

namespace {

void push(Chunk** list, Chunk* chunk) {
    chunk->previous = nullptr;
    chunk->next = *list;
    if (*list != nullptr)
        (*list)->previous = chunk;
    *list = chunk;
}

void remove(Chunk** list, Chunk* chunk) {
    (chunk->previous != nullptr ? chunk->previous->next : *list) = chunk->next;
    if (chunk->next != nullptr)
        chunk->next->previous = chunk->previous;
}

// From the first chunk of the list, which is one of chunks with room.
void* take(Chunk** list) {
    Chunk* chunk = *list;
    FreeBlock* block = chunk->free;
    void* taken = block;
    if (block != nullptr) {
        chunk->free = block->next;
    } else {
        taken = chunk->fresh;
        chunk->fresh += chunk->blockBytes;
    }
    ++chunk->live;
    if (chunk->isFull()) [[unlikely]]
        remove(list, chunk);
    return taken;
}

void give(Chunk** list, Chunk* chunk, void* block) {
    if (chunk->isFull()) [[unlikely]]
        push(list, chunk);
    chunk->free = new (block) FreeBlock{chunk->free};
    --chunk->live;
}

} // namespace

class Allocator {
  public:
    void* allocate(size_t sizeClass) {
        const std::lock_guard guard(lock_);
        Chunk** list = &withRoom_[sizeClass];
        return *list != nullptr || addChunk(list, sizeClass) ? take(list) : nullptr;
    }

    void* allocate(AllocationScope& scope, size_t sizeClass) {
        Chunk** list = &scope.withRoom_[sizeClass];
        return *list != nullptr || lend(scope, sizeClass) ? take(list) : nullptr;
    }

    bool isFromHere(const void* block) const {
        return reinterpret_cast<uintptr_t>(block) - reinterpret_cast<uintptr_t>(base_) <
               kRangeBytes;
    }

    void release(AllocationScope* scope, void* block) {
        Chunk* chunk = Chunk::of(block);
        if (scope != nullptr && chunk->owner.load(std::memory_order_relaxed) == scope) [[likely]] {
            give(&scope->withRoom_[classOf(chunk->blockBytes)], chunk, block);
            return;
        }
        const std::lock_guard guard(lock_);
        if (chunk->owner.load(std::memory_order_relaxed) != nullptr)
            chunk->freedByOthers = new (block) FreeBlock{chunk->freedByOthers};
        else
            releaseHere(chunk, block);
    }

    // Takes the scope's chunks back.
    void endScope(AllocationScope& scope) {
        const std::lock_guard guard(lock_);
        for (Chunk* chunk = scope.owned_; chunk != nullptr; chunk = chunk->nextOwned) {
            chunk->owner.store(nullptr, std::memory_order_relaxed);
            Chunk** list = &withRoom_[classOf(chunk->blockBytes)];
            if (chunk->live == 0)
                keep(chunk);
            else if (!chunk->isFull())
                push(list, chunk);
            while (FreeBlock* block = chunk->freedByOthers) {
                chunk->freedByOthers = block->next;
                releaseHere(chunk, block);
            }
        }
    }

  private:
    void releaseHere(Chunk* chunk, void* block) {
        Chunk** list = &withRoom_[classOf(chunk->blockBytes)];
        give(list, chunk, block);
        if (chunk->live == 0) {
            remove(list, chunk);
            keep(chunk);
        }
    }

    // Gives the scope a chunk with room.
    bool lend(AllocationScope& scope, size_t sizeClass) {
        const std::lock_guard guard(lock_);
        Chunk** list = &withRoom_[sizeClass];
        if (*list == nullptr && !addChunk(list, sizeClass))
            return false;
        Chunk* chunk = *list;
        remove(list, chunk);
        chunk->owner.store(&scope, std::memory_order_relaxed);
        chunk->nextOwned = scope.owned_;
        scope.owned_ = chunk;
        push(&scope.withRoom_[sizeClass], chunk);
        return true;
    }

    bool addChunk(Chunk** list, size_t sizeClass) {
        Chunk* chunk = newChunk((sizeClass + 1) * kSizeStep);
        if (chunk == nullptr)
            return false;
        push(list, chunk);
        return true;
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
        new (chunk) Chunk{};
        chunk->fresh = reinterpret_cast<char*>(chunk + 1);
        chunk->blockBytes = static_cast<uint32_t>(blockBytes);
        return chunk;
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
    std::array<Chunk*, kSizeClasses> withRoom_{};
    Chunk* empty_ = nullptr;
    size_t numEmpty_ = 0;
};

namespace {

constinit Allocator allocator;
[[gnu::tls_model("initial-exec")]] constinit thread_local AllocationScope* innermost = nullptr;

} // namespace

void* allocateSmall(size_t size) {
    if (size > kMostSmallBytes)
        return nullptr;
    AllocationScope* scope = innermost;
    return scope != nullptr ? allocator.allocate(*scope, classOf(size))
                            : allocator.allocate(classOf(size));
}

bool freeSmall(void* block) {
    if (!allocator.isFromHere(block))
        return false;
    allocator.release(innermost, block);
    return true;
}

AllocationScope::AllocationScope() : outer_(innermost) {
    innermost = this;
}

AllocationScope::~AllocationScope() {
    innermost = outer_;
    allocator.endScope(*this);
}

} // namespace pyston::support
