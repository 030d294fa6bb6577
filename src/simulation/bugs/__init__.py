"""The planted bugs, by what they break. Text only: nothing here is ever part of a build that trades."""
