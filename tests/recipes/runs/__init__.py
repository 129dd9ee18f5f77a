"""What each recipe says runs: started in a copy of the project, with the copy as current directory."""
