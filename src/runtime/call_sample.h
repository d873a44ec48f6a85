// Samples of a program's calls, where most calls are not seen (they run without the frame
// evaluation hook). What a sample's calls count for makes up for those.
#pragma once

#include <cstdint>

namespace pyston::runtime {

// What an interpreted call counts for: more than one in a sample.
extern uint32_t callWeight;

// Counts a call that is seen: is it a part of a sample? With the last one the sample ends.
bool isInCallSample();

// A call that is not in a sample: does it begin one? On average, of 16 calls one does, and its
// calls weigh as many, and of 128 calls at last while samples have led to nothing that was
// compiled. (At random, so that it does not go in step with the program.)
bool beginsCallSample();

// What is seen from now on is a sample of some hundred calls, for all in so many nanoseconds. How
// many those are is told by the time that calls took in earlier samples.
void beginCallSample(uint64_t nanoseconds);
// Ends that sample, if it has not ended for want of calls.
void endLongCallSample();

void endCallSample();
// The last of those that stand for some time took so many nanoseconds; 0: it ended for want of
// calls.
uint64_t lengthOfCallSample();

} // namespace pyston::runtime
