#include "passes/fold.h"

#include <cmath>

namespace pyston::passes {

using namespace hir;

namespace {

template<typename T> bool compare(Condition cc, T a, T b) {
    switch (cc) {
    case Condition::kLess:
        return a < b;
    case Condition::kLessEqual:
        return a <= b;
    case Condition::kEqual:
        return a == b;
    case Condition::kNotEqual:
        return a != b;
    case Condition::kGreater:
        return a > b;
    case Condition::kGreaterEqual:
        return a >= b;
    }
    return false;
}

std::optional<int64_t> checked(bool overflow, int64_t value) {
    return overflow ? std::nullopt : std::optional<int64_t>(value);
}

// Remainder with the sign of the divisor; quotient rounded towards minus infinity.
std::optional<int64_t> divide(Opcode op, int64_t a, int64_t b) {
    if (b == 0 || b == -1) {
        return std::nullopt;
    }
    int64_t quotient = a / b;
    int64_t remainder = a % b;
    if (remainder != 0 && (remainder < 0) != (b < 0)) {
        quotient--;
        remainder += b;
    }
    return op == Opcode::kIntFloorDiv ? quotient : remainder;
}

std::optional<int64_t> shiftLeft(int64_t a, int64_t count) {
    if (count < 0 || count > 62) {
        return std::nullopt;
    }
    auto shifted = static_cast<int64_t>(static_cast<uint64_t>(a) << count);
    return checked((shifted >> count) != a, shifted);
}

} // namespace

std::optional<int64_t> foldInt(Opcode op, int64_t a, int64_t b) {
    int64_t result = 0;
    bool overflow = false;
    switch (op) {
    case Opcode::kIntAdd:
        overflow = __builtin_add_overflow(a, b, &result);
        return checked(overflow, result);
    case Opcode::kIntSub:
        overflow = __builtin_sub_overflow(a, b, &result);
        return checked(overflow, result);
    case Opcode::kIntMul:
        overflow = __builtin_mul_overflow(a, b, &result);
        return checked(overflow, result);
    case Opcode::kIntNeg:
        overflow = __builtin_sub_overflow(int64_t{0}, a, &result);
        return checked(overflow, result);
    case Opcode::kIntFloorDiv:
    case Opcode::kIntMod:
        return divide(op, a, b);
    case Opcode::kIntAnd:
        return a & b;
    case Opcode::kIntOr:
        return a | b;
    case Opcode::kIntXor:
        return a ^ b;
    case Opcode::kIntInvert:
        return ~a;
    case Opcode::kIntShl:
        return shiftLeft(a, b);
    case Opcode::kIntShr:
        return checked(b < 0, a >> (b < 0 || b > 63 ? 63 : b));
    default:
        return std::nullopt;
    }
}

std::optional<double> foldDouble(Opcode op, double a, double b) {
    switch (op) {
    case Opcode::kDoubleAdd:
        return a + b;
    case Opcode::kDoubleSub:
        return a - b;
    case Opcode::kDoubleMul:
        return a * b;
    case Opcode::kDoubleDiv:
        return b == 0 ? std::nullopt : std::optional<double>(a / b);
    case Opcode::kDoubleNeg:
        return -a;
    case Opcode::kDoubleAbs:
        return std::fabs(a);
    case Opcode::kDoubleSqrt:
        return a < 0 ? std::nullopt : std::optional<double>(std::sqrt(a));
    default:
        return std::nullopt;
    }
}

bool foldIntCompare(Condition cc, int64_t a, int64_t b) {
    return compare(cc, a, b);
}
bool foldDoubleCompare(Condition cc, double a, double b) {
    return compare(cc, a, b);
}

} // namespace pyston::passes
