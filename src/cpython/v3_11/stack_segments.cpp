#include "cpython/v3_11/stack_segments.h"

#include "cpu/switch_stack.h"
#include "cpython/v3_11/greenlets.h"

#include <algorithm>
#include <memory>
#include <pthread.h>
#include <sys/mman.h>
#include <utility>

namespace pyston::host {

thread_local constinit ThreadStack threadStack = {~uintptr_t{0}, 0, 0};

namespace {

constexpr size_t kSegmentBytes = size_t{16} << 20; // touched lazily
constexpr size_t kGuardBytes = size_t{64} << 10;
// What is left for C code that the innermost Python function calls: the parser, pickle, regular
// expressions... go deep.
constexpr size_t kMaxMarginBytes = size_t{4} << 20;

uintptr_t limitFor(uintptr_t low, uintptr_t high) {
    return low + std::min<size_t>((high - low) / 2, kMaxMarginBytes);
}

void findThreadStack() {
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) {
        threadStack.limit = 0; // unknown: never low
        return;
    }
    void* low = nullptr;
    size_t size = 0;
    pthread_attr_getstack(&attributes, &low, &size);
    pthread_attr_destroy(&attributes);
    threadStack.low = reinterpret_cast<uintptr_t>(low);
    threadStack.high = threadStack.low + size;
    threadStack.limit = limitFor(threadStack.low, threadStack.high);
}

class Segment {
  public:
    Segment()
        : base_(static_cast<char*>(mmap(nullptr, kSegmentBytes, PROT_READ | PROT_WRITE,
                                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1,
                                        0))) {
        if (base_ == MAP_FAILED)
            base_ = nullptr;
        else
            mprotect(base_, kGuardBytes, PROT_NONE);
    }
    ~Segment() {
        if (base_ != nullptr)
            munmap(base_, kSegmentBytes);
    }
    Segment(const Segment&) = delete;
    Segment& operator=(const Segment&) = delete;

    bool valid() const { return base_ != nullptr; }
    uintptr_t low() const { return reinterpret_cast<uintptr_t>(base_) + kGuardBytes; }
    uintptr_t high() const { return reinterpret_cast<uintptr_t>(top()); }
    void* top() const { return base_ + kSegmentBytes; }

  private:
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
    return greenletIsLoaded() ? LowStack::kNoSegment : LowStack::kSegment;
}

PyObject* callOnSegment(FrameFunction function, PyThreadState* tstate, Frame* frame, int argument) {
    std::unique_ptr<Segment> segment = std::move(spare);
    if (!segment)
        segment = std::make_unique<Segment>();
    if (!segment->valid())
        return PyErr_NoMemory();
    ThreadStack outer = threadStack;
    threadStack = {limitFor(segment->low(), segment->high()), segment->low(), segment->high()};
    CallArguments call{function, tstate, frame, argument, nullptr};
    cpu::callOnStack(segment->top(), callWithArguments, &call);
    threadStack = outer;
    spare = std::move(segment);
    return call.result;
}

} // namespace pyston::host
