// SPDX-License-Identifier: Apache-2.0
#pragma once

// The two macros that the house allows. Use inside functions that return Status or StatusOr.
#define RETURN_IF_ERROR(expression)                                           \
  do {                                                                        \
    if (auto status_of_expression = (expression); !status_of_expression.ok()) \
      return status_of_expression;                                            \
  } while (false)

#define MESHHOST_JOIN_(a, b) a##b
#define MESHHOST_JOIN(a, b) MESHHOST_JOIN_(a, b)
#define ASSIGN_OR_RETURN(target, expression) \
  ASSIGN_OR_RETURN_(MESHHOST_JOIN(status_or_, __LINE__), target, expression)
#define ASSIGN_OR_RETURN_(result, target, expression)  \
  auto result = (expression);                          \
  if (!result.ok()) return std::move(result).status(); \
  target = *std::move(result)
