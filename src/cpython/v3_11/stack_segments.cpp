#include "cpython/v3_11/stack_segments.h"

#include "cpu/switch_stack.h"
#include "cpython/v3_11/greenlets.h"

#include <algorithm>
#include <memory>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>

namespace pyston::host {

thread_local constinit ThreadStack threadStack = {~uintptr_t{0}, 0, 0};

namespace {

// Under the interpreter alone Python calls take no C stack: C code that the innermost function
// calls (the parser, pickle, repr, regular expressions... go deep) has the thread's whole stack,
// however deep the calls are. So calls take this part of it only, of what is free when the first is
// made,
constexpr size_t kShareOfStack = 16;
constexpr size_t kMaxShareBytes = size_t{512} << 10;
// and go on in segments that have as much for C code as that stack, besides the calls' own share.
// (All is touched lazily.)
constexpr size_t kMinSegmentShareBytes = size_t{1} << 20;
constexpr size_t kMaxSegmentShareBytes = size_t{8} << 20;
// The stack may be as good as unlimited, and a program may have little address space.
constexpr size_t kMaxBytesForC = size_t{1} << 30;
constexpr size_t kFreeBytesForC = size_t{8} << 20; // whatever the address space
constexpr size_t kAddressSpacePerC = 16;

constexpr size_t kGuardBytes = size_t{64} << 10; // a multiple of any page size

struct OwnStack {
    size_t bytes;
    bool grows; // the main thread's, to the limit (RLIMIT_STACK) of the moment
};
thread_local constinit OwnStack ownStack = {0, false};

rlim_t softLimit(__rlimit_resource_t resource) {
    rlimit limit;
    return getrlimit(resource, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

// A program may lower the limit to which the main thread's stack grows. What it has grown to it
// keeps: there has to be room for C code below our share. (Only one page is touched.)
void growStack(uintptr_t low, uintptr_t limit) {
    const uintptr_t to = limit - std::min<size_t>((limit - low) / 2, kMaxShareBytes);
    // With the stack pointer there: not all kernels let a stack grow to where it is not.
    cpu::callOnStack(
        reinterpret_cast<void*>(to & ~uintptr_t{15}), [](void*) {}, nullptr);
}

void findThreadStack() {
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) {
        threadStack.limit = 0; // unknown: never low
        return;
    }
    void* lowest = nullptr;
    size_t size = 0;
    pthread_attr_getstack(&attributes, &lowest, &size);
    pthread_attr_destroy(&attributes);
    const auto low = reinterpret_cast<uintptr_t>(lowest);
    const uintptr_t high = low + size;
    const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    const bool isOnIt = here >= low && here < high;
    const uintptr_t start = isOnIt ? here : high;
    const uintptr_t limit = start - std::min((start - low) / kShareOfStack, kMaxShareBytes);
    threadStack = {limit, low, high};
    ownStack = {size, getpid() == gettid()};
    if (ownStack.grows && isOnIt)
        growStack(low, limit);
}

// How much the C code of this thread could use of the thread's stack.
size_t bytesForC() {
    const rlim_t grown = ownStack.grows ? softLimit(RLIMIT_STACK) : 0;
    const size_t bytes = std::min<size_t>(std::max<rlim_t>(ownStack.bytes, grown), kMaxBytesForC);
    return (bytes + kGuardBytes - 1) / kGuardBytes * kGuardBytes;
}

class Segment {
  public:
    explicit Segment(size_t bytesForC)
        : wanted_(bytesForC), bytesForC_(std::min(bytesForC, mostForC())),
          bytes_(kGuardBytes + bytesForC_ +
                 std::clamp(bytesForC_, kMinSegmentShareBytes, kMaxSegmentShareBytes)),
          base_(static_cast<char*>(mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1,
                                        0))) {
        if (base_ == MAP_FAILED) {
            base_ = nullptr;
            return;
        }
        mprotect(base_, kGuardBytes, PROT_NONE);
        madvise(base_, bytes_, MADV_NOHUGEPAGE); // of many segments little is touched
    }
    ~Segment() {
        if (base_ != nullptr)
            munmap(base_, bytes_);
    }
    Segment(const Segment&) = delete;
    Segment& operator=(const Segment&) = delete;

    bool valid() const { return base_ != nullptr; }
    bool has(size_t bytesForC) const { return valid() && wanted_ >= bytesForC; }
    ThreadStack stack() const {
        const uintptr_t low = reinterpret_cast<uintptr_t>(base_) + kGuardBytes;
        return {low + bytesForC_, low, reinterpret_cast<uintptr_t>(top())};
    }
    void* top() const { return base_ + bytes_; }

  private:
    static size_t mostForC() {
        const rlim_t most = softLimit(RLIMIT_AS) / kAddressSpacePerC / kGuardBytes * kGuardBytes;
        return std::max<rlim_t>(most, kFreeBytesForC);
    }

    size_t wanted_;
    size_t bytesForC_;
    size_t bytes_;
    char* base_;
};

// One free segment per thread, so that calls at the boundary do not map and unmap each time.
thread_local std::unique_ptr<Segment> spare;

struct CallArguments {
    FrameFunction function;
    PyThreadState* tstate;
    Frame* frame;
    int argument;
    PyObject* result;
};

void callWithArguments(void* pointer) {
    auto* call = static_cast<CallArguments*>(pointer);
    call->result = call->function(call->tstate, call->frame, call->argument);
}

} // namespace

LowStack examineStack() {
    if (threadStack.high == 0 && threadStack.limit != 0)
        findThreadStack();
    auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    // Elsewhere than on the thread's stack: someone else switches stacks, and minds their sizes.
    if (here >= threadStack.limit || here < threadStack.low || here >= threadStack.high)
        return LowStack::kFine;
    if (greenletIsLoaded())
        return LowStack::kNoSegment;
    const size_t bytes = bytesForC();
    if (!spare || !spare->has(bytes))
        spare = std::make_unique<Segment>(bytes);
    return spare->valid() ? LowStack::kSegment : LowStack::kNoSegment;
}

PyObject* callOnSegment(FrameFunction function, PyThreadState* tstate, Frame* frame, int argument) {
    std::unique_ptr<Segment> segment = std::move(spare);
    const ThreadStack outer = std::exchange(threadStack, segment->stack());
    CallArguments call{function, tstate, frame, argument, nullptr};
    cpu::callOnStack(segment->top(), callWithArguments, &call);
    threadStack = outer;
    spare = std::move(segment);
    return call.result;
}

} // namespace pyston::host
