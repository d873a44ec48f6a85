// Ranges of shared memory, each mapped twice: writable at one address, executable at another. Only
// used pages take memory. A range is as large as all before it together, since a program may limit
// its address space at any time. Free extents are kept sorted by address, first fit, neighbours
// merged.
//
// The memory has no file that we make: a limit on the size of files (RLIMIT_FSIZE) would hold for
// it, with a signal that ends the program. The second mapping is mremap()'s of size zero, which
// leaves the first one where it is: mremap(2).
//
// fork(): shared memory stays shared between parent and child, and either would then overwrite what
// the other runs. So the parent, before it forks, copies what is in use; the child puts the copy in
// the place of both mappings. (Copying in the child would race with the parent's next write.)
//
// perf may take shared memory for a module's, and look for symbols there alone. For it there is
// private memory instead, which a fork copies by itself: its pages are not executable while they
// are written to. (Nobody runs them then: what is not done under the GIL, on the compile thread, is
// left out for perf.)
#include "runtime/code_memory.h"

#include "support/address_space.h"
#include "support/allocator.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <list>
#include <map>
#include <mutex>
#include <new>

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

namespace pyston::runtime {

namespace {

constexpr size_t kDefaultLimit = size_t{128} << 20;
constexpr size_t kFirstRange = size_t{4} << 20;
constexpr size_t kAlignment = 16;

constexpr int kExecutable = PROT_READ | PROT_EXEC;
constexpr int kWritable = PROT_READ | PROT_WRITE;

constexpr size_t roundUp(size_t size, size_t to) {
    return (size + to - 1) / to * to;
}

size_t pageSize() {
    static const auto size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    return size;
}

uint8_t* map(void* hint, size_t size, int protection, int flags) {
    void* at = mmap(hint, size, protection, flags | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return at == MAP_FAILED ? nullptr : static_cast<uint8_t*>(at);
}

// New memory, at a low address if there is room. Shared memory or private.
uint8_t* mapExecutable(size_t size, int sharing) {
#ifdef MAP_32BIT
    if (uint8_t* low = map(nullptr, size, kExecutable, sharing | MAP_32BIT))
        return low;
#endif
    for (uintptr_t hint = uintptr_t{1} << 30; hint < uintptr_t{3} << 30;
         hint += uintptr_t{1} << 28) {
        auto* wanted = reinterpret_cast<uint8_t*>(hint);
        uint8_t* at = map(wanted, size, kExecutable, sharing | MAP_FIXED_NOREPLACE);
        if (at == wanted)
            return at;
        if (at != nullptr)
            munmap(at, size); // kernels before 4.17 take the address as a mere hint
    }
    return map(nullptr, size, kExecutable, sharing);
}

// Maps shared memory a second time, in the place of what is at `place` if that is not null.
uint8_t* mapAgain(uint8_t* memory, size_t size, uint8_t* place = nullptr) {
    void* at = place == nullptr ? mremap(memory, 0, size, MREMAP_MAYMOVE)
                                : mremap(memory, 0, size, MREMAP_MAYMOVE | MREMAP_FIXED, place);
    return at == MAP_FAILED ? nullptr : static_cast<uint8_t*>(at);
}

class Range {
  public:
    // False if there is no room for it.
    bool make(size_t size, bool isPrivate);

    size_t size() const { return size_; }
    bool contains(const uint8_t* address) const {
        return address >= executable_ && address < executable_ + size_;
    }
    // Multiples of kAlignment. Null if no free extent is large enough.
    uint8_t* take(size_t size);
    bool write(uint8_t* address, std::span<const uint8_t> bytes);
    void give(uint8_t* address, size_t size);

    void beforeFork();
    void afterForkInParent();
    void afterForkInChild();

  private:
    bool isShared() const { return writable_ != nullptr; }
    void addFree(size_t offset, size_t size);
    bool replaceByCopy();

    uint8_t* executable_ = nullptr;
    uint8_t* writable_ = nullptr; // null: private
    size_t size_ = 0;
    std::map<size_t, size_t> free_; // size by offset
    size_t highest_ = 0;            // nothing at or above this offset was ever reserved
    // Set when a copy for a child could not be made: memory below may be running in that child, and
    // is never used again here.
    size_t frozenBelow_ = 0;
    uint8_t* copy_ = nullptr; // between beforeFork and afterFork...
};

bool Range::make(size_t size, bool isPrivate) {
    uint8_t* executable = mapExecutable(size, isPrivate ? MAP_PRIVATE : MAP_SHARED);
    if (executable == nullptr)
        return false;
    if (!isPrivate) {
        uint8_t* second = mapAgain(executable, size);
        if (second != nullptr && mprotect(second, size, kWritable) == 0)
            writable_ = second;
        else if (second != nullptr)
            munmap(second, size);
        if (writable_ == nullptr) {
            munmap(executable, size);
            return false;
        }
    }
    executable_ = executable;
    size_ = size;
    free_.emplace(0, size);
    return true;
}

uint8_t* Range::take(size_t size) {
    auto it = std::find_if(free_.begin(), free_.end(),
                           [&](const auto& extent) { return extent.second >= size; });
    if (it == free_.end())
        return nullptr;
    const auto [offset, available] = *it;
    free_.erase(it);
    if (available > size)
        free_.emplace(offset + size, available - size);
    highest_ = std::max(highest_, offset + size);
    return executable_ + offset;
}

bool Range::write(uint8_t* address, std::span<const uint8_t> bytes) {
    if (isShared()) {
        std::memcpy(writable_ + (address - executable_), bytes.data(), bytes.size());
        return true;
    }
    auto* page = address - reinterpret_cast<uintptr_t>(address) % pageSize();
    const size_t size = roundUp(static_cast<size_t>(address + bytes.size() - page), pageSize());
    if (mprotect(page, size, kWritable) != 0)
        return false; // too many mappings
    std::memcpy(address, bytes.data(), bytes.size());
    if (mprotect(page, size, kExecutable) != 0)
        std::abort(); // as it was before, so that it takes no memory
    return true;
}

void Range::give(uint8_t* address, size_t size) {
    const auto offset = static_cast<size_t>(address - executable_);
    if (offset >= frozenBelow_)
        addFree(offset, size);
}

void Range::addFree(size_t offset, size_t size) {
    auto next = free_.lower_bound(offset);
    if (next != free_.end() && offset + size == next->first) {
        size += next->second;
        next = free_.erase(next);
    }
    if (next != free_.begin()) {
        auto previous = std::prev(next);
        if (previous->first + previous->second == offset) {
            previous->second += size;
            return;
        }
    }
    free_.emplace_hint(next, offset, size);
}

void Range::beforeFork() {
    if (!isShared() || highest_ == 0)
        return;
    copy_ = map(nullptr, size_, kWritable, MAP_SHARED);
    if (copy_ != nullptr)
        std::memcpy(copy_, writable_, highest_);
}

void Range::afterForkInParent() {
    if (isShared() && highest_ > 0 && copy_ == nullptr) {
        frozenBelow_ = highest_;
        while (!free_.empty() && free_.begin()->first < frozenBelow_) {
            auto [offset, size] = *free_.begin();
            free_.erase(free_.begin());
            if (offset + size > frozenBelow_)
                free_.emplace(frozenBelow_, offset + size - frozenBelow_);
        }
    }
    if (copy_ != nullptr)
        munmap(copy_, size_);
    copy_ = nullptr;
}

void Range::afterForkInChild() {
    if (!isShared())
        return;
    if (highest_ == 0) // nothing was copied: begin with empty memory
        copy_ = map(nullptr, size_, kWritable, MAP_SHARED);
    // Without a copy the child keeps what it has (the parent will not overwrite it) and gets no
    // more.
    if (copy_ == nullptr || !replaceByCopy()) {
        frozenBelow_ = size_;
        free_.clear();
    }
    if (copy_ != nullptr)
        munmap(copy_, size_);
    copy_ = nullptr;
}

// What is replaced is as large as what takes its place, so that no limit is in the way of that.
bool Range::replaceByCopy() {
    return mapAgain(copy_, size_, writable_) != nullptr &&
           mprotect(copy_, size_, kExecutable) == 0 &&
           mapAgain(copy_, size_, executable_) != nullptr;
}

class CodeMemory {
  public:
    CodeMemory();
    uint8_t* reserve(size_t size);
    bool write(uint8_t* address, std::span<const uint8_t> bytes);
    void release(uint8_t* address, size_t size);
    size_t inUse();
    void setLimit(size_t bytes);
    void useAnonymous();

    void beforeFork();
    void afterForkInParent();
    void afterForkInChild();

  private:
    Range* addRange(size_t atLeast);
    Range& rangeOf(const uint8_t* address);

    std::mutex mutex_;
    std::list<Range> ranges_;
    size_t reserved_ = 0; // the size of all
    size_t limit_ = kDefaultLimit;
    size_t inUse_ = 0;
    bool anonymous_ = false;
};

CodeMemory& codeMemory() {
    // Never destroyed: code may still run while static objects are being destroyed.
    alignas(CodeMemory) static unsigned char storage[sizeof(CodeMemory)];
    static CodeMemory& memory = *new (storage) CodeMemory;
    return memory;
}

CodeMemory::CodeMemory() {
    pthread_atfork([] { codeMemory().beforeFork(); }, [] { codeMemory().afterForkInParent(); },
                   [] { codeMemory().afterForkInChild(); });
}

Range* CodeMemory::addRange(size_t atLeast) {
    const size_t usual = std::min(std::max(kFirstRange, reserved_), limit_);
    const size_t mappings = anonymous_ ? 1 : 2;
    const size_t fair = support::fairAddressSpace(mappings * reserved_) / mappings;
    const size_t size = roundUp(std::max(std::min(usual, fair), atLeast), pageSize());
    Range& range = ranges_.emplace_back();
    if (size > fair || !range.make(size, anonymous_)) {
        ranges_.pop_back();
        return nullptr;
    }
    reserved_ += size;
    return &range;
}

Range& CodeMemory::rangeOf(const uint8_t* address) {
    return *std::ranges::find_if(ranges_,
                                 [&](const Range& range) { return range.contains(address); });
}

uint8_t* CodeMemory::reserve(size_t size) {
    const support::ReserveScope neverFails;
    std::lock_guard lock(mutex_);
    if (size == 0 || size > limit_)
        return nullptr;
    size = roundUp(size, kAlignment);
    if (inUse_ + size > limit_)
        return nullptr;
    uint8_t* taken = nullptr;
    for (auto range = ranges_.begin(); range != ranges_.end() && taken == nullptr; ++range)
        taken = range->take(size);
    if (taken == nullptr) {
        Range* range = addRange(size);
        taken = range != nullptr ? range->take(size) : nullptr;
    }
    if (taken != nullptr)
        inUse_ += size;
    return taken;
}

bool CodeMemory::write(uint8_t* address, std::span<const uint8_t> bytes) {
    std::lock_guard lock(mutex_);
    if (!rangeOf(address).write(address, bytes))
        return false;
    __builtin___clear_cache(reinterpret_cast<char*>(address),
                            reinterpret_cast<char*>(address + bytes.size()));
    return true;
}

void CodeMemory::release(uint8_t* address, size_t size) {
    if (!address || size == 0)
        return;
    const support::ReserveScope neverFails;
    std::lock_guard lock(mutex_);
    uint8_t* begin = address + (-reinterpret_cast<uintptr_t>(address) & (kAlignment - 1));
    uint8_t* end = address + size;
    end += -reinterpret_cast<uintptr_t>(end) & (kAlignment - 1);
    if (begin >= end)
        return;
    inUse_ -= static_cast<size_t>(end - begin);
    rangeOf(begin).give(begin, static_cast<size_t>(end - begin));
}

size_t CodeMemory::inUse() {
    std::lock_guard lock(mutex_);
    return inUse_;
}

void CodeMemory::setLimit(size_t bytes) {
    std::lock_guard lock(mutex_);
    limit_ = bytes;
}

void CodeMemory::useAnonymous() {
    std::lock_guard lock(mutex_);
    anonymous_ = true;
}

// --- fork. Handlers keep the lock from before to after, in the forking thread and its copy.

void CodeMemory::beforeFork() {
    mutex_.lock();
    for (Range& range : ranges_)
        range.beforeFork();
}

void CodeMemory::afterForkInParent() {
    for (Range& range : ranges_)
        range.afterForkInParent();
    mutex_.unlock();
}

void CodeMemory::afterForkInChild() {
    for (Range& range : ranges_)
        range.afterForkInChild();
    mutex_.unlock();
}

} // namespace

uint8_t* reserveCode(size_t size) {
    return codeMemory().reserve(size);
}

bool writeCode(uint8_t* address, std::span<const uint8_t> bytes) {
    return codeMemory().write(address, bytes);
}

void releaseCode(uint8_t* address, size_t size) {
    codeMemory().release(address, size);
}

size_t codeBytesInUse() {
    return codeMemory().inUse();
}

void useAnonymousCodeMemory() {
    codeMemory().useAnonymous();
}

void setCodeLimit(size_t bytes) {
    codeMemory().setLimit(bytes);
}

} // namespace pyston::runtime
