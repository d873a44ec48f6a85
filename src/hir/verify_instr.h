// A part of the verifier (verify.cpp).
#pragma once

#include <string_view>

namespace pyston::hir {

class Function;
class Instr;

// What is wrong with the immediates and types of an instruction whose operands are of the kinds
// that the table demands; empty when nothing is.
std::string_view checkInstr(const Function& fn, const Instr& instr);

} // namespace pyston::hir
