// One shared-memory file mapped twice: writable at one address, executable at another. Only used
// pages take memory. Free extents are kept sorted by address, first fit, neighbours merged.
//
// fork(): a shared file stays shared between parent and child, and either would then overwrite what
// the other runs. So the parent, before it forks, copies what is in use to a second file; the child
// maps that one over both ranges. (Copying in the child would race with the parent's next write.)
//
// perf takes a mapped memory file for a module, and looks for symbols in it alone. For it there is
// anonymous private memory instead, which a fork copies by itself: its pages are not executable
// while they are written to. (Nobody runs them then: what is not done under the GIL, on the compile
// thread, is left out for perf.)
#include "runtime/code_memory.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <new>

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

namespace pyston::runtime {

namespace {

constexpr size_t kDefaultLimit = size_t{256} << 20;
constexpr size_t kSmallestRange = size_t{1} << 20;
constexpr size_t kAlignment = 16;

constexpr size_t roundUp(size_t size, size_t to) {
    return (size + to - 1) / to * to;
}

size_t pageSize() {
    static const auto size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    return size;
}

class FileDescriptor {
  public:
    FileDescriptor() = default;
    explicit FileDescriptor(int fd) : fd_(fd) {}
    FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
    FileDescriptor& operator=(FileDescriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~FileDescriptor() { reset(); }
    void reset() {
        if (fd_ >= 0)
            close(fd_);
        fd_ = -1;
    }
    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }

  private:
    int fd_ = -1;
};

// An unlinked memory file of `size` bytes, all holes.
FileDescriptor makeFile(size_t size) {
    FileDescriptor file(memfd_create("pyston-code", MFD_CLOEXEC));
    if (!file) {
        // Kernels and sandboxes without memfd_create.
        char name[64];
        std::snprintf(name, sizeof name, "/pyston-code-%ld", static_cast<long>(getpid()));
        file = FileDescriptor(shm_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        if (file)
            shm_unlink(name);
    }
    if (file && ftruncate(file.get(), static_cast<off_t>(size)) != 0)
        file.reset();
    return file;
}

bool writeAll(int fd, const uint8_t* from, size_t size, off_t at) {
    while (size > 0) {
        const ssize_t n = pwrite(fd, from, size, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        from += n;
        at += n;
        size -= static_cast<size_t>(n);
    }
    return true;
}

// Maps the file (anonymous private memory if -1) executable, at a low address if there is room.
uint8_t* mapExecutable(int fd, size_t size) {
    constexpr int kProtection = PROT_READ | PROT_EXEC;
    const int flags = fd >= 0 ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
#ifdef MAP_32BIT
    void* low = mmap(nullptr, size, kProtection, flags | MAP_32BIT, fd, 0);
    if (low != MAP_FAILED)
        return static_cast<uint8_t*>(low);
#endif
    for (uintptr_t hint = uintptr_t{1} << 30; hint < uintptr_t{3} << 30;
         hint += uintptr_t{1} << 28) {
        void* at = mmap(reinterpret_cast<void*>(hint), size, kProtection,
                        flags | MAP_FIXED_NOREPLACE, fd, 0);
        if (at == reinterpret_cast<void*>(hint))
            return static_cast<uint8_t*>(at);
        if (at != MAP_FAILED)
            munmap(at, size); // kernels before 4.17 take the address as a mere hint
    }
    void* anywhere = mmap(nullptr, size, kProtection, flags, fd, 0);
    return anywhere == MAP_FAILED ? nullptr : static_cast<uint8_t*>(anywhere);
}

class CodeMemory {
  public:
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
    bool makeRange();
    bool mapAnonymous(size_t size);
    bool mapFile(size_t size);
    void addFree(size_t offset, size_t size);

    std::mutex mutex_;
    size_t limit_ = kDefaultLimit;
    size_t size_ = 0;
    bool failed_ = false;
    bool anonymous_ = false;
    uint8_t* executable_ = nullptr;
    uint8_t* writable_ = nullptr;   // null: anonymous
    std::map<size_t, size_t> free_; // size by offset
    size_t highest_ = 0;            // nothing at or above this offset was ever reserved
    size_t inUse_ = 0;
    // Set when a copy for a child could not be made: memory below may be running in that child, and
    // is never used again here.
    size_t frozenBelow_ = 0;
    FileDescriptor childFile_; // between beforeFork and afterFork...
};

CodeMemory& codeMemory() {
    // Never destroyed: code may still run while static objects are being destroyed.
    alignas(CodeMemory) static unsigned char storage[sizeof(CodeMemory)];
    static CodeMemory& memory = *new (storage) CodeMemory;
    return memory;
}

bool CodeMemory::makeRange() {
    if (executable_ || failed_)
        return executable_ != nullptr;
    // An address space limit (ulimit -v) may leave room for less.
    for (size_t size = roundUp(std::max(limit_, pageSize()), pageSize());;
         size = roundUp(size / 2, pageSize())) {
        if (anonymous_ ? mapAnonymous(size) : mapFile(size)) {
            size_ = size;
            free_.emplace(0, size);
            return true;
        }
        if (size <= kSmallestRange)
            break;
    }
    failed_ = true;
    return false;
}

bool CodeMemory::mapAnonymous(size_t size) {
    executable_ = mapExecutable(-1, size);
    return executable_ != nullptr;
}

bool CodeMemory::mapFile(size_t size) {
    FileDescriptor file = makeFile(size);
    if (!file)
        return false;
    uint8_t* executable = mapExecutable(file.get(), size);
    if (!executable)
        return false;
    void* writable = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    if (writable == MAP_FAILED) {
        munmap(executable, size);
        return false;
    }
    // The file stays alive through its mappings; a program that closes all descriptors it does not
    // know does no harm.
    executable_ = executable;
    writable_ = static_cast<uint8_t*>(writable);
    pthread_atfork([] { codeMemory().beforeFork(); }, [] { codeMemory().afterForkInParent(); },
                   [] { codeMemory().afterForkInChild(); });
    return true;
}

uint8_t* CodeMemory::reserve(size_t size) {
    std::lock_guard lock(mutex_);
    if (size == 0 || size > kDefaultLimit * 16 || !makeRange())
        return nullptr;
    size = roundUp(size, kAlignment);
    if (inUse_ + size > limit_)
        return nullptr;
    auto it = std::find_if(free_.begin(), free_.end(),
                           [&](const auto& extent) { return extent.second >= size; });
    if (it == free_.end())
        return nullptr;
    const auto [offset, available] = *it;
    free_.erase(it);
    if (available > size)
        free_.emplace(offset + size, available - size);
    highest_ = std::max(highest_, offset + size);
    inUse_ += size;
    return executable_ + offset;
}

bool CodeMemory::write(uint8_t* address, std::span<const uint8_t> bytes) {
    std::lock_guard lock(mutex_);
    if (writable_ != nullptr) {
        std::memcpy(writable_ + (address - executable_), bytes.data(), bytes.size());
    } else {
        auto* page = address - reinterpret_cast<uintptr_t>(address) % pageSize();
        const size_t size = roundUp(static_cast<size_t>(address + bytes.size() - page), pageSize());
        if (mprotect(page, size, PROT_READ | PROT_WRITE) != 0)
            return false; // too many mappings
        std::memcpy(address, bytes.data(), bytes.size());
        if (mprotect(page, size, PROT_READ | PROT_EXEC) != 0)
            std::abort(); // as it was before, so that it takes no memory
    }
    __builtin___clear_cache(reinterpret_cast<char*>(address),
                            reinterpret_cast<char*>(address + bytes.size()));
    return true;
}

void CodeMemory::release(uint8_t* address, size_t size) {
    if (!address || size == 0)
        return;
    std::lock_guard lock(mutex_);
    const auto offset = static_cast<size_t>(address - executable_);
    const size_t begin = roundUp(offset, kAlignment);
    const size_t end = roundUp(offset + size, kAlignment);
    if (begin >= end)
        return;
    inUse_ -= end - begin;
    if (begin >= frozenBelow_)
        addFree(begin, end - begin);
}

void CodeMemory::addFree(size_t offset, size_t size) {
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
    if (!executable_ || highest_ == 0)
        return;
    childFile_ = makeFile(size_);
    if (childFile_ && !writeAll(childFile_.get(), writable_, highest_, 0))
        childFile_.reset();
}

void CodeMemory::afterForkInParent() {
    if (executable_ && highest_ > 0 && !childFile_) {
        frozenBelow_ = highest_;
        while (!free_.empty() && free_.begin()->first < frozenBelow_) {
            auto [offset, size] = *free_.begin();
            free_.erase(free_.begin());
            if (offset + size > frozenBelow_)
                free_.emplace(frozenBelow_, offset + size - frozenBelow_);
        }
    }
    childFile_.reset();
    mutex_.unlock();
}

void CodeMemory::afterForkInChild() {
    if (executable_) {
        FileDescriptor file = std::move(childFile_);
        if (highest_ == 0)
            file = makeFile(size_); // nothing was copied: begin with an empty file
        // Replacing a mapping in place cannot leave a gap: on failure the old one stays.
        const bool mapped = file &&
                            mmap(executable_, size_, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED,
                                 file.get(), 0) != MAP_FAILED &&
                            mmap(writable_, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                                 file.get(), 0) != MAP_FAILED;
        // Without a copy the child keeps what it has (the parent will not overwrite it) and gets no
        // more.
        if (!mapped) {
            frozenBelow_ = size_;
            free_.clear();
        }
    }
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
