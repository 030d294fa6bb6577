"""Did the live features say what the batch says of the same day, and would the decisions have been the same?"""
