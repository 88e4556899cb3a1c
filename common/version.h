/* The version of all programs here, as --version prints it. */
#pragma once

#define DATAFLOW_VERSION "0.1.0"
