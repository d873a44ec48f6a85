// Calling a function on another stack.
#include "cpu/switch_stack.h"

#include <algorithm>
#include <cstdint>
#include <gtest/gtest.h>
#include <memory>
#include <unwind.h>
#include <vector>

namespace pyston::cpu {
namespace {

constexpr size_t kStackBytes = size_t{256} << 10;

struct Call {
    uintptr_t stackPointer = 0;
    std::vector<void*> functions; // from the innermost out
};

_Unwind_Reason_Code addFunction(_Unwind_Context* context, void* call) {
    void* address = reinterpret_cast<void*>(_Unwind_GetIP(context) - 1);
    static_cast<Call*>(call)->functions.push_back(_Unwind_FindEnclosingFunction(address));
    return _URC_NO_REASON;
}

void look(void* pointer) {
    auto* call = static_cast<Call*>(pointer);
    call->stackPointer = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    _Unwind_Backtrace(addFunction, call);
}

__attribute__((noinline)) void lookOn(void* top, Call* call) {
    callOnStack(top, look, call);
    asm volatile("" ::: "memory"); // no tail call
}

TEST(SwitchStack, CallsThereAndComesBack) {
    const auto stack = std::make_unique<char[]>(kStackBytes);
    const uintptr_t top = (reinterpret_cast<uintptr_t>(stack.get()) + kStackBytes) & ~uintptr_t{15};
    Call call;
    lookOn(reinterpret_cast<void*>(top), &call);
    EXPECT_LT(call.stackPointer, top);
    EXPECT_GT(call.stackPointer, reinterpret_cast<uintptr_t>(stack.get()));
}

// As a thread is that ends there.
TEST(SwitchStack, IsUnwoundToTheCallersStack) {
    const auto stack = std::make_unique<char[]>(kStackBytes);
    const uintptr_t top = (reinterpret_cast<uintptr_t>(stack.get()) + kStackBytes) & ~uintptr_t{15};
    Call call;
    lookOn(reinterpret_cast<void*>(top), &call);
    const auto isLookOn = [](void* function) {
        return function == reinterpret_cast<void*>(lookOn);
    };
    ASSERT_FALSE(call.functions.empty());
    EXPECT_EQ(std::ranges::count_if(call.functions, isLookOn), 1);
    EXPECT_FALSE(isLookOn(call.functions.back()));
}

} // namespace
} // namespace pyston::cpu
